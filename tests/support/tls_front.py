"""TLS in front of a server that listens on a unix socket and was built without it.

A client of PostgreSQL asks in its own words whether TLS is spoken, then the handshake follows; one of Redis begins with
the handshake.
"""

import asyncio
import contextlib
import ssl
import struct
from collections.abc import AsyncIterator
from pathlib import Path

_SSL_REQUEST = struct.pack("!ll", 8, 80877103)


class Front:
    """`context` None: nobody there speaks TLS. Counts who came how."""

    def __init__(self, socket: Path, context: ssl.SSLContext | None, *, postgres: bool) -> None:
        self.in_tls = self.in_clear = self.port = 0
        self._socket = socket
        self._context = context
        self._postgres = postgres

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator["Front"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=None if self._postgres else self._context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            said = await self._asked(reader, writer) if self._postgres else b""
            if said or self._context is None:
                self.in_clear += 1
            else:
                self.in_tls += 1
            behind_reader, behind_writer = await asyncio.open_unix_connection(str(self._socket))
            behind_writer.write(said)
            await asyncio.gather(_pass(reader, behind_writer), _pass(behind_reader, writer))
        writer.close()

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """What of the client's words is for the server, when it did not ask for TLS."""
        words = await reader.readexactly(8)
        if words != _SSL_REQUEST:
            return words
        writer.write(b"N" if self._context is None else b"S")
        await writer.drain()
        if self._context is not None:
            await writer.start_tls(self._context)
        return b""


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    finally:
        writer.close()
