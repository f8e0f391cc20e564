"""Talk to an ASGI application in process, byte for byte: no client library tidies up what a test sends."""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote_to_bytes

import msgspec

Headers = Iterable[tuple[bytes, bytes]] | dict[str, str]


class Answer(msgspec.Struct):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: str) -> str | None:
        wanted = name.lower().encode()
        return next((value.decode("latin-1") for key, value in self.headers if key == wanted), None)

    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def slug(self) -> str:
        return str(self.json().get("slug")) if self.is_problem else ""

    @property
    def is_problem(self) -> bool:
        return self.header("content-type") == "application/problem+json"


def raw_headers(headers: Headers) -> list[tuple[bytes, bytes]]:
    if isinstance(headers, dict):
        return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    return list(headers)


class AsgiClient:
    """`async with AsgiClient(app) as client` runs start-up and shutdown around the block.

    On memory few tests need that: without it no relay and no scheduler works beside them.
    """

    def __init__(
        self, app: Any, *, headers: dict[str, str] | None = None, client: tuple[str, int] | None = None
    ) -> None:
        self.app = app
        self.headers = {"host": "localhost"} | (headers or {})
        self.client = client or ("127.0.0.1", 50000)
        self._inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._life: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._life = asyncio.create_task(self.app({"type": "lifespan"}, self._inbox.get, self._outbox.put))
        await self._inbox.put({"type": "lifespan.startup"})
        answer = await self._outbox.get()
        if answer["type"] != "lifespan.startup.complete":
            await asyncio.gather(self._life, return_exceptions=True)
            raise RuntimeError(answer.get("message"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._inbox.put({"type": "lifespan.shutdown"})
        await self._outbox.get()
        if self._life is not None:
            await self._life

    async def request(
        self,
        method: str,
        target: str | bytes,
        *,
        headers: Headers = (),
        json: Any = None,
        body: bytes | Iterable[bytes] | None = None,
        disconnect: bool = False,
    ) -> Answer:
        """`target` is the path and query as on the request line. `body` in parts is sent without Content-Length.

        `disconnect` closes the connection where the end of the body would be.
        """
        raw = target.encode("latin-1") if isinstance(target, str) else target
        path, _, query = raw.partition(b"?")
        sent = raw_headers(self.headers)
        given = raw_headers(headers)
        sent = [item for item in sent if item[0] not in {name for name, _ in given}] + given
        if json is not None:
            body = msgspec.json.encode(json)
            if not any(name == b"content-type" for name, _ in sent):
                sent.append((b"content-type", b"application/json"))
        parts = [body] if isinstance(body, bytes) else list(body or ())
        if isinstance(body, bytes) and not any(name == b"content-length" for name, _ in sent):
            sent.append((b"content-length", str(len(body)).encode()))
        elif body is not None and not isinstance(body, bytes):
            sent.append((b"transfer-encoding", b"chunked"))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            # As uvicorn does it: what is not UTF-8 becomes a replacement character.
            "path": unquote_to_bytes(path).decode("utf-8", "replace"),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": sent,
            "client": self.client,
            "server": ("127.0.0.1", 8000),
        }
        incoming = [
            {"type": "http.request", "body": part, "more_body": i + 1 < len(parts) or disconnect}
            for i, part in enumerate(parts or [b""])
        ]

        async def receive() -> dict[str, Any]:
            return incoming.pop(0) if incoming else {"type": "http.disconnect"}

        status = 0
        answered: list[tuple[bytes, bytes]] = []
        chunks: list[bytes] = []

        async def send(message: dict[str, Any]) -> None:
            nonlocal status, answered
            if message["type"] == "http.response.start":
                status, answered = message["status"], list(message["headers"])
            else:
                chunks.append(message.get("body", b""))

        await self.app(scope, receive, send)
        return Answer(status, answered, b"".join(chunks))

    async def get(self, target: str | bytes, **options: Any) -> Answer:
        return await self.request("GET", target, **options)

    async def post(self, target: str | bytes, **options: Any) -> Answer:
        return await self.request("POST", target, **options)
