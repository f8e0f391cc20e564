"""The ASGI types we use, and small answers made without Litestar."""

from collections.abc import Awaitable, Callable
from typing import Any

from merx.infra.http.problems import MEDIA_TYPE, Failure, RawHeaders

# Dictionaries. Litestar and uvicorn each describe them by TypedDicts of their own, which fit nothing else.
Scope = Any
Message = Any
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


async def send_answer(send: Send, status: int, headers: RawHeaders, body: bytes = b"") -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def send_failure(send: Send, failure: Failure, request_id: str) -> None:
    body = failure.body(request_id)
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(body)),
        *failure.raw_headers(),
    ]
    await send_answer(send, failure.status, headers, body)


async def pass_on(app: AsgiApp, scope: Scope, receive: Receive, send: Send) -> None:
    """What is no request: the life of the process is the application's. No route speaks websocket."""
    if scope["type"] == "lifespan":
        await app(scope, receive, send)
    elif scope["type"] == "websocket":
        # Refused before the handshake.
        await receive()
        await send({"type": "websocket.close", "code": 1008})
