"""The launcher of Valkey. Every test here starts the real server."""

import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis.asyncio

from merx.infra.embedded import EmbeddedValkey

pytestmark = pytest.mark.services


@pytest.fixture
def folder() -> Iterator[Path]:
    base = Path("/tmp") / f"merx-t-{os.getpid()}-{os.urandom(3).hex()}"  # noqa: S108 - short, for sockets
    base.mkdir(mode=0o755)
    yield base
    subprocess.run(["rm", "-rf", str(base)], check=True)


@pytest.fixture
async def server(folder: Path) -> AsyncIterator[EmbeddedValkey]:
    server = EmbeddedValkey(folder / "valkey", run=folder / "run", log=folder / "log")
    await server.start()
    yield server
    await server.stop()


def client(server: EmbeddedValkey) -> redis.asyncio.Redis:
    return redis.asyncio.Redis.from_url(server.url, socket_timeout=2)


async def test_configured_to_keep_what_it_is_given(server: EmbeddedValkey) -> None:
    async with client(server) as valkey:
        config = await valkey.config_get("append*", "maxmemory-policy", "port")
    assert config["appendonly"] == "yes"
    assert config["appendfsync"] == "everysec"
    assert config["maxmemory-policy"] == "noeviction"
    assert config["port"] == "0"


async def test_data_survives_a_stop_and_a_kill(server: EmbeddedValkey) -> None:
    async with client(server) as valkey:
        await valkey.set("a", "1")
    await server.stop()
    assert not server.alive()
    await server.start()
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGKILL)
    assert await server.process.wait(5)
    await server.start()  # the dead server's socket file is in the way
    async with client(server) as valkey:
        assert await valkey.get("a") == b"1"


async def test_a_running_server_is_adopted(server: EmbeddedValkey, folder: Path) -> None:
    other = EmbeddedValkey(folder / "valkey", run=folder / "run", log=folder / "log")
    await other.start()
    assert other.process is not None
    assert server.process is not None
    assert other.process.pid == server.process.pid
    await other.stop()
    assert not server.alive()


async def test_a_damaged_file_is_put_aside(server: EmbeddedValkey, folder: Path) -> None:
    async with client(server) as valkey:
        await valkey.set("a", "1")
    await server.stop()
    for file in (folder / "valkey" / "appendonlydir").iterdir():
        file.write_bytes(b"nonsense\r\n" * 20)
    await server.start()
    async with client(server) as valkey:
        assert await valkey.get("a") is None
    assert list((folder / "valkey").glob("appendonlydir.damaged-*"))
