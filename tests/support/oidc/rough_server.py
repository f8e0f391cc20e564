"""The strict provider behind a real socket of this machine, which dawdles, floods or breaks off at one of its paths."""

import asyncio
import socket
import struct
from types import TracebackType
from typing import Any, Self

from tests.support.oidc.provider import StrictProvider

PAUSE = 0.03
_PIECE = b"x" * 64 * 1024
_GOOD_START = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


class RoughServer:
    """`provider` answers, but at `place` (the end of a path, `""` for all) in the `manner` that is set, `""` for well.

    `asked` are the paths in turn, `sent` counts the bytes of floods, `open` the connections.
    """

    def __init__(self) -> None:
        self.provider: StrictProvider | None = None
        self.place, self.manner = "", ""
        self.elsewhere = ""
        self.asked: list[str] = []
        self.sent = 0
        self._tasks: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def open(self) -> int:
        return len(self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._one(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = [
            (name.lower().encode(), value.strip().encode())
            for name, _, value in (line.partition(":") for line in head[1:-2])
        ]
        body = await reader.readexactly(int(dict(headers).get(b"content-length", b"0")))
        path, _, query = target.partition("?")
        self.asked.append(path)
        rough = bool(self.manner) and path.endswith(self.place)
        if not (rough and await getattr(self, f"_{self.manner}")(reader, writer)):
            await self._well(method, path, query, headers, body, writer)

    async def _well(
        self,
        method: str,
        path: str,
        query: str,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        writer: asyncio.StreamWriter,
    ) -> None:
        messages: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        assert self.provider is not None
        scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": headers}
        await self.provider(scope, receive, send)
        content = b"".join(message.get("body", b"") for message in messages[1:])
        lines = [*messages[0]["headers"], (b"content-length", b"%d" % len(content)), (b"connection", b"close")]
        said = b"".join(b"%s: %s\r\n" % line for line in lines)
        writer.write(b"HTTP/1.1 %d -\r\n%s\r\n%s" % (messages[0]["status"], said, content))
        await writer.drain()

    # Each says True when the answer is over with it.

    async def _dawdles(self, *_: Any) -> None:
        await asyncio.sleep(0.4)

    async def _never_answers(self, reader: asyncio.StreamReader, _: Any) -> bool:
        await reader.read()
        return True

    async def _answers_a_byte_at_a_time(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(_GOOD_START + b"content-length: 100000\r\n\r\n")
        return await self._for_ever(reader, writer, b" ")

    async def _begins_a_byte_at_a_time(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        writer.write(_GOOD_START + b"x-long: ")
        return await self._for_ever(reader, writer, b"x")

    async def _for_ever(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, byte: bytes) -> bool:
        while not reader.at_eof():
            writer.write(byte)
            await writer.drain()
            await asyncio.sleep(PAUSE)
        return True

    async def _floods(self, _: Any, writer: asyncio.StreamWriter) -> bool:
        writer.write(_GOOD_START + b"transfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"%x\r\n%s\r\n" % (len(_PIECE), _PIECE))
            await writer.drain()
            self.sent += len(_PIECE)

    async def _floods_with_headers(self, _: Any, writer: asyncio.StreamWriter) -> bool:
        writer.write(_GOOD_START)
        while True:
            writer.write(b"x-more: %s\r\n" % _PIECE)
            await writer.drain()
            self.sent += len(_PIECE)

    async def _leads_elsewhere(self, _: Any, writer: asyncio.StreamWriter) -> bool:
        to = f"{self.elsewhere}/elsewhere".encode()
        writer.write(b"HTTP/1.1 307 -\r\nlocation: %s\r\ncontent-length: 0\r\nconnection: close\r\n\r\n" % to)
        await writer.drain()
        return True

    async def _breaks_off(self, _: Any, writer: asyncio.StreamWriter) -> bool:
        writer.write(_GOOD_START + b'content-length: 4096\r\n\r\n{"issuer": "')
        await writer.drain()
        return True

    async def _hangs_up(self, *_: Any) -> bool:
        return True

    async def _resets(self, _: Any, writer: asyncio.StreamWriter) -> bool:
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return True

    async def _speaks_no_http(self, _: Any, writer: asyncio.StreamWriter) -> bool:
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n")
        await writer.drain()
        return True
