"""S40: what compose.yaml makes of two servers, and a shop in production on them, by TLS and as their users."""

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import yaml
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from merx.bootstrap.listen import free_port
from merx.infra.embedded import EmbeddedPostgres, binaries
from merx.infra.embedded.account import server_account
from merx.infra.tasks.broker import GROUP
from merx.infra.tasks.nudge import STREAM
from tests.architecture.tree import ROOT
from tests.support.authority import Authority
from tests.support.servers import cluster_template
from tests.support.tls_front import Front

pytestmark = pytest.mark.services

# As .env has them.
WORDS = {name: f"{number:048x}" for number, name in enumerate(("DATABASE", "APP_DATABASE", "VALKEY"), 0xABCDEF)}
COMMANDS = ("serve", "worker", "schedule")
TOO_MUCH = (
    "merx: MERX_DATABASE_URL connects with the rights to change the schema and the audit trail: connect as merx_app, "
    "see deploy/README.md."
)


def filled(text: str) -> str:
    """What compose makes of its variables."""
    return re.sub(r"\$\{(\w+)_PASSWORD:\?[^}]*\}", lambda found: WORDS[found[1]], text)


def compose() -> dict[str, Any]:
    return yaml.safe_load(filled((ROOT / "compose.yaml").read_text()))


@pytest.fixture
async def postgres(server_folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    """As the image starts it the first time: a superuser, a database, the file of roles, and passwords for all."""
    folder = server_folder / f"composed-{uuid4().hex[:6]}"
    folder.mkdir(mode=0o755)
    server = EmbeddedPostgres(
        folder / "pg",
        run=folder / "run",
        log=server_folder / "composed.log",
        durable=False,
        template=cluster_template(),
    )
    await server.start()
    try:
        owner = await asyncpg.connect(server.url)
        await owner.execute(f"alter role merx password '{WORDS['DATABASE']}'")
        await owner.execute(compose()["configs"]["roles"]["content"])
        (server.data / "pg_hba.conf").write_text("local all all scram-sha-256\n")
        await owner.execute("select pg_reload_conf()")
        await owner.close()
        yield server
    finally:
        await server.stop()


@pytest.fixture
async def valkey(server_folder: Path) -> AsyncIterator[Path]:
    """The command and the file of users of compose, with a socket for a network. The socket."""
    service = compose()["services"]["valkey"]
    folder = server_folder / f"valkey-{uuid4().hex[:6]}"
    folder.mkdir()
    users, socket = folder / "users.acl", folder / "valkey.sock"
    users.write_text(compose()["configs"]["users"]["content"])
    command = [str(users) if word == "/etc/valkey/users.acl" else word for word in service["command"][1:]]
    program = str(binaries.valkey_program(server_account(folder)))
    process = subprocess.Popen(
        [program, *command, "--port", "0", "--unixsocket", str(socket), "--dir", str(folder)],
        stdout=(folder / "log").open("w"),
    )
    while not socket.exists():
        assert process.poll() is None, (folder / "log").read_text()
        await asyncio.sleep(0.01)
    yield socket
    process.terminate()
    process.wait(10)


class Deployed:
    """The environment of a shop in production on these servers."""

    def __init__(self, production: dict[str, str], authority: Authority, database: int, valkey: int) -> None:
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith(("MERX_", "PG"))}
        self.environment |= production
        self.environment |= {
            "MERX_DATABASE_URL": self.database(database, "merx_app", "APP_DATABASE"),
            "MERX_DATABASE_CA_FILE": str(authority.file),
            "MERX_REDIS_URL": f"rediss://merx:{WORDS['VALKEY']}@localhost:{valkey}/0",
            "MERX_REDIS_CA_FILE": str(authority.file),
            "MERX_LOG_FORMAT": "text",
        }
        self.owner_url = self.database(database, "merx", "DATABASE")

    @staticmethod
    def database(port: int, role: str, word: str) -> str:
        return f"postgresql://{role}:{WORDS[word]}@localhost:{port}/merx?sslmode=verify-full"

    async def run(self, *words: str, **changed: str) -> tuple[int, list[str]]:
        """A command that ends by itself: its code and what it says."""
        process = await self.start(*words, **changed)
        out, _ = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode is not None
        return process.returncode, out.decode().splitlines()

    async def start(self, *words: str, **changed: str) -> asyncio.subprocess.Process:
        environment = {**self.environment, **changed}
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "merx", *words, env=environment, stdout=-1, stderr=asyncio.subprocess.STDOUT
        )


@pytest.fixture
async def deployed(
    production: dict[str, str], tmp_path: Path, postgres: EmbeddedPostgres, valkey: Path
) -> AsyncIterator[Deployed]:
    authority = Authority(tmp_path)
    socket = Path(postgres.url.partition("host=")[2]) / ".s.PGSQL.5432"
    async with (
        Front(socket, authority.server(), postgres=True).open() as database,
        Front(valkey, authority.server(), postgres=False).open() as redis,
    ):
        yield Deployed(production, authority, database.port, redis.port)
        assert database.in_clear == redis.in_clear == 0


async def get(port: int, path: str) -> int:
    """The status, 0 when nobody listens yet."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return 0
    writer.write(f"GET {path} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return int(answer.split(b" ", 2)[1])


@contextlib.asynccontextmanager
async def running(deployed: Deployed, port: int) -> AsyncIterator[list[asyncio.subprocess.Process]]:
    processes = [await deployed.start(command, MERX_PORT=str(port)) for command in COMMANDS]
    try:
        yield processes
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        await asyncio.gather(*(asyncio.wait_for(process.communicate(), 30) for process in processes))


async def test_s40_a_shop_runs_on_what_compose_makes(deployed: Deployed, postgres: EmbeddedPostgres, valkey: Path):
    code, said = await deployed.run("migrate", MERX_MIGRATE_DATABASE_URL=deployed.owner_url)
    assert (code, said[-1]) == (0, "The database schema is up to date.")
    port = free_port("127.0.0.1")
    async with running(deployed, port) as processes, asyncio.timeout(60):
        while await get(port, "/api/v1/health/ready") != 200:
            assert processes[0].returncode is None
            await asyncio.sleep(0.1)
        assert await get(port, "/api/v1/products") == 200
        await until_a_worker_listens(valkey)
        assert [process.returncode for process in processes] == [None, None, None]
    await only_merx_comes_in(valkey)
    await the_role_owns_nothing(postgres)


async def until_a_worker_listens(socket: Path) -> None:
    async with Redis(unix_socket_path=str(socket), username="merx", password=WORDS["VALKEY"]) as client:
        while True:
            with contextlib.suppress(ResponseError):
                # Before there is a group this is an error.
                if await client.xinfo_consumers(STREAM, GROUP):
                    return
            await asyncio.sleep(0.1)


async def only_merx_comes_in(socket: Path) -> None:
    for user, word, command in ((None, None, "PING"), ("merx", "wrong", "PING"), ("merx", WORDS["VALKEY"], "FLUSHALL")):
        async with Redis(unix_socket_path=str(socket), username=user, password=word) as client:
            with pytest.raises(RedisError):
                await client.execute_command(command)


async def the_role_owns_nothing(postgres: EmbeddedPostgres) -> None:
    app = await asyncpg.connect(postgres.url_as("merx_app"), password=WORDS["APP_DATABASE"])
    assert await app.fetchval("show search_path") == "pg_catalog"
    for statement in ("create schema mine", "delete from audit.entry", "alter role merx_app createrole"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute(statement)
    await app.close()
    for wrong in ("", WORDS["DATABASE"]):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.url_as("merx_app"), password=wrong)


async def test_s40_no_process_starts_as_the_owner(deployed: Deployed):
    port = str(free_port("127.0.0.1"))
    found = {
        command: await deployed.run(command, MERX_DATABASE_URL=deployed.owner_url, MERX_PORT=port)
        for command in COMMANDS
    }
    ended = {command: (code, said[-1]) for command, (code, said) in found.items()}
    assert ended == dict.fromkeys(COMMANDS, (1, TOO_MUCH))
