"""The steps of `merx demo`, from an empty folder to an answering API, and back."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from merx.bootstrap.demo import environment, remembered
from merx.bootstrap.demo.filling import Filled, fill
from merx.bootstrap.demo.ready import until_ready
from merx.bootstrap.demo.screen import Report, Screen, make_screen
from merx.bootstrap.demo.summary import refused_rows, summary
from merx.bootstrap.listen import free_port, port_problem
from merx.bootstrap.supervisor import Child, StopRequest, Supervisor, end_survivors, python_environment, rotate
from merx.infra.embedded import DataFolder, EmbeddedError, EmbeddedPostgres, EmbeddedValkey
from merx.infra.settings import load_settings
from merx.migrations.rights import APP

SERVERS, PROCESSES = 1, 2
PROCESS_NAMES = {"serve": "API", "worker": "worker", "schedule": "scheduler"}
GIVE_UP_DEATHS = 3
FIRST_EVENTS_SECONDS = 60.0
EVENTS_WAITING = """
    select exists (select from platform.outbox_delivery where state = 'pending' and subscriber not like 'job:%')
"""


@dataclass(frozen=True, slots=True)
class Options:
    data: Path
    host: str
    port: int
    """0 takes a free one."""
    reset: bool
    catalogue: Path | None


async def demo(options: Options) -> int:
    """Runs the shop until it is told to stop, and returns an exit code. Raises EmbeddedError."""
    stop = StopRequest()
    screen = make_screen()
    shop = asyncio.create_task(_Shop(options, screen, stop).run())
    asked = asyncio.create_task(stop.happened.wait())
    await asyncio.wait({shop, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if not shop.done():
        screen.close()
        screen.say("\n  Stopping …")
        shop.cancel()
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await shop
    finally:
        screen.close()
    screen.say(f"  Stopped. The data is in {options.data}.")
    return 0


class _Shop:
    def __init__(self, options: Options, screen: Screen, stop: StopRequest) -> None:
        self._options = options
        self._screen = screen
        self._stop = stop
        self._folder = DataFolder(options.data)

    async def run(self) -> None:
        began = time.monotonic()
        folder = self._folder
        if self._options.catalogue is not None and not self._options.catalogue.is_file():
            raise EmbeddedError(f"There is no catalogue file {self._options.catalogue}.")
        folder.open()
        try:
            await end_survivors(folder.run)
            port = self._port()
            if self._options.reset:
                await self._empty()
            folder.check_layout()
            async with Supervisor(tell=lambda line: self._screen.say(f"  {line}")) as supervisor:
                self._stop.on_repeat = supervisor.hurry
                try:
                    await self._open(supervisor, port, began)
                    await asyncio.Event().wait()  # until cancelled
                finally:
                    environment.withdraw(folder)
        finally:
            folder.close()

    def _port(self) -> int:
        options = self._options
        if options.port == 0:
            return free_port(options.host)
        if problem := port_problem(options.host, options.port, how="--port {port}"):
            raise EmbeddedError(problem)
        return options.port

    async def _empty(self) -> None:
        """--reset: a server left over by a killed supervisor is stopped before its files go."""
        with self._screen.step("old data removed"):
            postgres, valkey = self._servers()
            for server in (postgres, valkey):
                with contextlib.suppress(EmbeddedError):
                    if server.data.exists() and await server.adopt():
                        await server.stop()
            await asyncio.to_thread(self._folder.empty)

    def _servers(self) -> tuple[EmbeddedPostgres, EmbeddedValkey]:
        folder = self._folder
        return (
            EmbeddedPostgres(folder.pg, run=folder.run, log=folder.log / "postgres.log"),
            EmbeddedValkey(folder.valkey, run=folder.run, log=folder.log / "valkey.log"),
        )

    async def _open(self, supervisor: Supervisor, port: int, began: float) -> None:
        folder, screen, options = self._folder, self._screen, self._options
        for log in folder.log.glob("*.log"):
            rotate(log)
        postgres, valkey = self._servers()
        with screen.step("PostgreSQL"):
            await supervisor.add("PostgreSQL", postgres, stage=SERVERS)
        with screen.step("Valkey"):
            await supervisor.add("Valkey", valkey, stage=SERVERS)
        self._make_keys()
        variables = environment.shop_environment(
            folder,
            host=options.host,
            port=port,
            database_url=postgres.url_as(APP),
            owner_url=postgres.url,
            redis_url=valkey.url,
        )
        load_settings({**os.environ, **variables})  # a wrong MERX_* of the user's is told before a process dies of it
        # The processes that serve are not even told how the owner connects.
        env = python_environment({**variables, "MERX_MIGRATE_DATABASE_URL": ""})
        known = remembered.recall(folder) if options.catalogue is None else None
        filled = known or await self._fill(python_environment(variables))
        await self._start_processes(supervisor, env, port)
        if known is None:
            await self._let_first_events_through(postgres.url)
        environment.publish(folder, variables)
        screen.close()
        if refused := refused_rows(filled):
            screen.say(refused)
        screen.say(
            summary(
                base=variables["MERX_PUBLIC_URL"], folder=folder.path, filled=filled, seconds=time.monotonic() - began
            )
        )

    def _make_keys(self) -> None:
        if not all((self._folder.keys / name).exists() for name in ("secret", "token.pem")):
            from merx.infra.keys import ensure_keys

            ensure_keys(self._folder.keys)

    async def _fill(self, env: Mapping[str, str]) -> Filled:
        with contextlib.ExitStack() as steps:
            current = ""
            report: Report | None = None

            def progress(step: str, done: int, total: int | None) -> None:
                nonlocal current, report
                if step != current or report is None:
                    steps.close()
                    report = steps.enter_context(self._screen.step(step))
                    current = step
                report(done, total)

            filled = await fill(env, self._options.catalogue, self._folder.log / "fill.log", progress)
        remembered.remember(self._folder, filled)
        return filled

    async def _start_processes(self, supervisor: Supervisor, env: Mapping[str, str], port: int) -> None:
        children = {
            command: Child(
                # -P: a file called redis.py in the user's folder is not our library.
                [sys.executable, "-P", "-m", "merx", command],
                env=env,
                log=self._folder.log / f"{command}.log",
                record=self._folder.run / f"{command}.child",
            )
            for command in PROCESS_NAMES
        }
        with self._screen.step("API"):
            await supervisor.add(PROCESS_NAMES["serve"], children["serve"], stage=PROCESSES)
            await until_ready(
                _reached(self._options.host),
                port,
                children["serve"],
                gives_up=lambda: supervisor.deaths(PROCESS_NAMES["serve"]) >= GIVE_UP_DEATHS,
            )
        # Only now: three interpreters that load at once on two cores would keep the first customer waiting.
        with self._screen.step("worker and scheduler"):
            for command in ("worker", "schedule"):
                await supervisor.add(PROCESS_NAMES[command], children[command], stage=PROCESSES)

    async def _let_first_events_through(self, database_url: str) -> None:
        """A new catalogue is on sale when the worker has told it of its stock."""
        import asyncpg

        with self._screen.step("first events"):
            connection = await asyncpg.connect(database_url, timeout=10, command_timeout=10)
            try:
                deadline = time.monotonic() + FIRST_EVENTS_SECONDS
                while time.monotonic() < deadline and await connection.fetchval(EVENTS_WAITING):  # noqa: ASYNC110 - only rows tell
                    await asyncio.sleep(0.1)
            finally:
                await connection.close(timeout=5)


def _reached(host: str) -> str:
    """Where to connect to what listens on `host`."""
    return "127.0.0.1" if environment.is_everywhere(host) else host
