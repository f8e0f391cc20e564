"""The launcher of PostgreSQL against everything a laptop does to it. Every test here starts the real server."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from merx.infra.embedded import EmbeddedError, EmbeddedPostgres, processes
from tests.support.servers import cluster_template

pytestmark = pytest.mark.services

MakeServer = Callable[..., EmbeddedPostgres]


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    base = Path(os.path.realpath("/tmp")) / f"merx-t-{os.getpid()}-{os.urandom(3).hex()}"  # noqa: S108 - short, for sockets
    base.mkdir(mode=0o755)
    yield base
    subprocess.run(["rm", "-rf", str(base)], check=True)


@pytest.fixture
async def make(folder: Path) -> AsyncIterator[MakeServer]:
    made: list[EmbeddedPostgres] = []

    def build(data: Path | None = None, **options: object) -> EmbeddedPostgres:
        defaults: dict[str, object] = {"durable": False, "template": cluster_template()}
        server = EmbeddedPostgres(data or folder / "pg", run=folder / "run", log=folder / "log", **defaults | options)
        made.append(server)
        return server

    yield build
    for server in made:
        await server.stop()


async def ask(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def damaged(server: EmbeddedPostgres) -> str:
    with pytest.raises(EmbeddedError) as caught:
        await server.start()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def launch_and_die(folder: Path, death_signal: str) -> int:
    """Another process starts the server and is killed with -9. Returns the server's pid."""
    script = f"""
        import asyncio, os, pathlib, signal
        from merx.infra.embedded import EmbeddedPostgres
        base = pathlib.Path({str(folder)!r})
        template = pathlib.Path({str(cluster_template())!r})
        server = EmbeddedPostgres(base / "pg", run=base / "run", log=base / "log", durable=False,
                                  template=template, parent_death_signal={death_signal})
        asyncio.run(server.start())
        print(server.process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    return int(done.stdout)


async def test_from_nothing_to_a_database_and_back(make: MakeServer, folder: Path) -> None:
    server = make(template=None, durable=True)
    await server.start()
    assert await ask(server.url, "select current_database() || ' ' || current_user") == "merx merx"
    assert await ask(server.url, "show fsync") == "on"
    assert await ask(server.url, "show listen_addresses") == ""
    assert await ask(server.url, "select datlocprovider::text || datlocale from pg_database limit 1") == "bC.UTF-8"
    assert server.alive()
    await server.stop()
    assert not server.alive()
    assert not (folder / "pg" / "postmaster.pid").exists()


async def test_never_runs_as_root(make: MakeServer) -> None:
    server = make()
    await server.start()
    assert server.process is not None
    assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0


async def test_data_survives_a_stop(make: MakeServer) -> None:
    server = make()
    await server.start()
    await ask(server.url, "create table kept as select 7 as n")
    await server.stop()
    await server.start()
    assert await ask(server.url, "select n from kept") == 7


async def test_a_server_whose_launcher_was_killed_is_adopted(make: MakeServer, folder: Path) -> None:
    pid = await asyncio.to_thread(launch_and_die, folder, "None")
    server = make()
    await server.start()
    assert server.process == processes.Process(pid)
    assert await ask(server.url, "select 1") == 1
    await server.stop()
    assert not processes.running(pid)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
async def test_a_server_may_die_with_its_launcher(folder: Path) -> None:
    pid = await asyncio.to_thread(launch_and_die, folder, "signal.SIGINT")
    assert await processes.Process(pid).wait(10)
    assert "received fast shutdown request" in (folder / "log").read_text()


async def test_a_killed_server_that_is_still_a_zombie(make: MakeServer) -> None:
    first = make(durable=True)
    await first.start()
    assert first.process is not None
    await ask(first.url, "create table kept as select 7 as n")
    os.kill(first.process.pid, signal.SIGKILL)
    for _ in range(200):
        if processes.state(first.process.pid) == "Z":
            break
        await asyncio.sleep(0.01)
    assert processes.state(first.process.pid) == "Z"  # nobody has waited for it: a container without an init
    second = make(durable=True)
    await second.start()
    assert await ask(second.url, "select n from kept") == 7


async def test_a_stale_pid_file_that_names_a_process_of_somebody_else(make: MakeServer, folder: Path) -> None:
    server = make()
    await server.start()
    pid_file = folder / "pg" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    await server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    await server.start()
    assert await ask(server.url, "select 1") == 1


async def test_waits_for_the_last_backend_of_a_killed_server(make: MakeServer) -> None:
    server = make(durable=True)
    await server.start()
    assert server.process is not None
    connection = await asyncpg.connect(server.url, timeout=5)
    backend = connection.get_server_pid()
    os.kill(backend, signal.SIGSTOP)
    os.kill(server.process.pid, signal.SIGKILL)
    assert await server.process.wait(5)
    starting = asyncio.ensure_future(server.start())
    await asyncio.sleep(0.5)
    assert not starting.done()  # two servers on one folder destroy it
    os.kill(backend, signal.SIGCONT)
    await starting
    connection.terminate()


async def test_starting_again_after_a_crash(make: MakeServer) -> None:
    server = make()
    await server.start()
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGKILL)
    assert await server.process.wait(5)
    await server.start()
    assert await ask(server.url, "select 1") == 1


async def test_a_kill_in_the_middle_of_the_first_start_leaves_no_half_database(make: MakeServer, folder: Path) -> None:
    (folder / "pg.new").mkdir()
    (folder / "pg.new" / "PG_VERSION").write_text("18\n")
    server = make()
    await server.start()
    assert await ask(server.url, "select 1") == 1
    assert not (folder / "pg.new").exists()


async def test_a_path_too_long_for_a_socket(make: MakeServer, folder: Path) -> None:
    deep = folder / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    server = EmbeddedPostgres(
        deep / "pg", run=deep / "run", log=deep / "log", durable=False, template=cluster_template()
    )
    await server.start()
    try:
        assert await ask(server.url, "select 1") == 1
    finally:
        await server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another account")
async def test_a_checkout_below_a_folder_that_only_root_may_enter(make: MakeServer, folder: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    shop = private / "shop"
    shop.mkdir(mode=0o755)
    for template in (None, cluster_template()):
        server = EmbeddedPostgres(
            shop / f"pg{template is None}",
            run=shop / f"run{template is None}",
            log=shop / "log",
            durable=False,
            template=template,
        )
        await server.start()
        try:
            assert await ask(server.url, "select 1") == 1
            again = EmbeddedPostgres(server.data, run=shop / "run", log=shop / "log", durable=False)
            assert await again.adopt()
        finally:
            await server.stop()


@pytest.fixture
async def stopped(make: MakeServer) -> EmbeddedPostgres:
    server = make()
    await server.start()
    await server.stop()
    return server


async def test_damaged_version_file_missing(stopped: EmbeddedPostgres) -> None:
    (stopped.data / "PG_VERSION").unlink()
    assert "damaged (PG_VERSION is missing)" in await damaged(stopped)


async def test_made_by_another_major_version(stopped: EmbeddedPostgres) -> None:
    (stopped.data / "PG_VERSION").write_text("17\n")
    assert "made by PostgreSQL 17 and this Merx brings 18" in await damaged(stopped)


async def test_damaged_control_file(stopped: EmbeddedPostgres) -> None:
    control = stopped.data / "global" / "pg_control"
    control.write_bytes(b"\xff" * control.stat().st_size)
    message = await damaged(stopped)
    assert "can not serve" in message
    assert "--reset" in message


async def test_damaged_write_ahead_log(stopped: EmbeddedPostgres) -> None:
    for segment in (stopped.data / "pg_wal").glob("0*"):
        segment.write_bytes(b"\0" * segment.stat().st_size)
    assert "can not serve" in await damaged(stopped)


async def test_a_file_where_the_folder_should_be(make: MakeServer, folder: Path) -> None:
    (folder / "pg").write_text("")
    assert "is a file where" in await damaged(make())
