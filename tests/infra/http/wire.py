"""A connection to the server without a socket."""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from merx.infra.http.protocol import GuardedProtocol


class Wire(asyncio.Transport):
    """What the server writes."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50000), "sockname": ("127.0.0.1", 8000)})
        self.writes: list[bytes] = []
        self.closed = False
        # So much the client has not read.
        self.unread = 0
        self.aborted = False

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed, self.aborted, self.unread = True, True, 0

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return self.unread

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Connection:
    """`tasks`: those of other connections of the same server. `keep_alive` is in seconds."""

    def __init__(
        self,
        app: Any,
        protocol: type[GuardedProtocol] = GuardedProtocol,
        tasks: set[asyncio.Task[None]] | None = None,
        keep_alive: float = 60,
    ) -> None:
        # As `merx serve` has it.
        config = Config(
            app,
            http=protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_keep_alive=keep_alive,  # type: ignore[arg-type]  # goes to `call_later`
        )
        config.load()
        state = ServerState()
        if tasks is not None:
            state.tasks = tasks
        state.default_headers = [(b"date", b"Mon, 23 Nov 2026 10:00:00 GMT")]
        self.app = app
        self.wire = Wire()
        self._server = protocol(config=config, server_state=state, app_state={})
        self._server.connection_made(self.wire)
        self._tasks = state.tasks

    async def ask(
        self, path: str, *lines: str, method: str = "GET", times: int = 1, host: str = "localhost"
    ) -> list[bytes]:
        """The writes that answer it."""
        text = "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {host}", *lines]) + "\r\n\r\n"
        self.wire.writes.clear()
        self.send(text.encode() * times)
        await self.answered()
        return self.wire.writes

    def send(self, data: bytes) -> None:
        self._server.data_received(data)

    async def answered(self) -> bytes:
        """All that was written once nothing runs any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0)
        return b"".join(self.wire.writes)

    def reads(self, *, nothing: bool) -> None:
        """The client reads nothing, or reads again."""
        if nothing:
            self._server.pause_writing()
        else:
            self._server.resume_writing()

    def lost(self) -> None:
        self._server.connection_lost(None)


def head_of(wire: bytes) -> tuple[int, dict[str, str]]:
    lines = wire.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return int(lines[0].split()[1]), dict(line.split(": ", 1) for line in lines[1:])
