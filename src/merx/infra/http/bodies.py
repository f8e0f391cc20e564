"""How a request body is taken in: JSON and small by default, otherwise as the route says.

@post("/payments/webhooks/stripe", **accepts(limit=256 * 1024, media=("application/json",), raw=True))
"""

import asyncio
import re
from typing import Any

import msgspec
from litestar import Litestar
from litestar.routes import HTTPRoute

from merx.infra.http.asgi import Message, Receive
from merx.infra.http.auth import route_rules
from merx.infra.http.inbound import Refused, check_json, refusal
from merx.kernel.actor import Actor

JSON = ("application/json",)
BODY_SECONDS = 20.0

_SLOW = refusal(408, "request.too-slow", "The body did not arrive in time")
_LENGTH = refusal(400, "request.malformed", "Malformed request", "Content-Length is not a number.")
_ENCODED = refusal(415, "request.unsupported-encoding", "Unsupported encoding", "Send the body without compression.")
_CHARSET = re.compile(rb';\s*charset="?([^";\s]+)', re.IGNORECASE)


class BodyRule(msgspec.Struct, frozen=True):
    """`limit` in bytes; `media` lists content types, `*` is any; `raw` bodies are not looked into.

    `permission` is what a caller must hold for a limit beyond the usual one; empty where everybody may call.
    """

    limit: int
    media: tuple[str, ...] = JSON
    raw: bool = False
    permission: str = ""


def accepts(*, limit: int, media: tuple[str, ...] = JSON, raw: bool = False) -> dict[str, Any]:
    """Arguments for a route decorator that takes larger or other bodies than the rest.

    Large bodies of staff routes are taken from those who pass the route's rule; all others get the usual limit.
    """
    return {"opt": {"body": BodyRule(limit, media, raw)}, "request_max_body_size": limit}


class Deadlines:
    """Ends the reading of a body that takes too long, with Refused 408.

    One timer for all readers: `asyncio.timeout` makes and cancels one for each, which costs as much as the rest here.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._reading: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> asyncio.Task[Any] | None:
        """The task that reads, for `done`; None outside of a task, where nothing can be ended."""
        task = asyncio.current_task()
        if task is not None:
            loop = task.get_loop()
            self._reading[task] = loop.time() + self.seconds
            if self._timer is None:
                self._timer = loop.call_later(self.seconds, self._sweep, loop)
        return task

    def done(self, task: asyncio.Task[Any] | None) -> None:
        if task is not None:
            self._reading.pop(task, None)

    def was_late(self, task: asyncio.Task[Any] | None) -> bool:
        """Whether a cancellation was ours; it is taken back then."""
        if task is None or task not in self._late:
            return False
        self._late.discard(task)
        task.uncancel()
        return True

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for task, deadline in list(self._reading.items()):
            if deadline <= now:
                del self._reading[task]
                self._late.add(task)
                task.cancel()
        # Precise to half of the time allowed, which is enough against callers who trickle.
        self._timer = loop.call_later(self.seconds / 2, self._sweep, loop) if self._reading else None


class BodyGate:
    """Reads bodies for the middleware."""

    def __init__(self, limit: int, seconds: float = BODY_SECONDS) -> None:
        self._default = BodyRule(limit)
        self._deadlines = Deadlines(seconds)
        self._special: list[tuple[str, str, re.Pattern[str], BodyRule]] = []

    def learn(self, app: Litestar) -> None:
        """Take over the rules that routes declare with `accepts`."""
        for route in app.routes:
            if not isinstance(route, HTTPRoute):
                continue
            for method, (handler, _) in route.route_handler_map.items():
                rule = handler.opt.get("body")
                if isinstance(rule, BodyRule):
                    needed = [guard.permission for guard in route_rules(handler) if guard.permission]
                    if needed:
                        rule = msgspec.structs.replace(rule, permission=needed[-1])
                    parts = [re.escape(part) if isinstance(part, str) else "[^/]+" for part in route.path_components]
                    start = route.path_format.split("{", 1)[0]
                    self._special.append((start, str(method), re.compile("/" + "/".join(parts) + "/?"), rule))

    def rule(self, method: str, path: str) -> BodyRule:
        for start, verb, pattern, rule in self._special:
            if path.startswith(start) and verb == method and pattern.fullmatch(path):
                return rule
        return self._default

    async def read(
        self, method: str, path: str, headers: dict[bytes, bytes], receive: Receive, actor: Actor
    ) -> bytes | None:
        """The checked body; None when the caller went away meanwhile. Raises Refused."""
        rule = self.rule(method, path) if self._special else self._default
        if rule.permission and rule.limit > self._default.limit and not (actor.is_staff and actor.may(rule.permission)):
            # The route will refuse this caller, but only after the body was read.
            rule = msgspec.structs.replace(rule, limit=self._default.limit)
        length = headers.get(b"content-length")
        if length is not None:
            if not length.isdigit() or len(length) > 18:
                raise Refused(_LENGTH)
            if int(length) > rule.limit:
                raise self._too_large(rule)
        self._check_type(headers, rule)
        task = self._deadlines.start()
        try:
            message = await receive()
            body: bytes = message.get("body", b"")
            if message.get("more_body", False):
                message, body = await self._rest(receive, body, rule.limit)
        except asyncio.CancelledError:
            if self._deadlines.was_late(task):
                raise Refused(_SLOW) from None
            raise
        finally:
            self._deadlines.done(task)
        if message["type"] == "http.disconnect":
            return None
        if len(body) > rule.limit:
            raise self._too_large(rule)
        if body and not rule.raw:
            check_json(body)
        return body

    @staticmethod
    async def _rest(receive: Receive, first: bytes, limit: int) -> tuple[Message, bytes]:
        """The last message and the whole body, or the first piece of it that is beyond the limit."""
        chunks, size = [first], len(first)
        while True:
            message = await receive()
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > limit or not message.get("more_body", False):
                return message, b"".join(chunks)

    def _check_type(self, headers: dict[bytes, bytes], rule: BodyRule) -> None:
        media = headers.get(b"content-type", b"")
        if headers.get(b"content-encoding", b"identity") != b"identity":
            raise Refused(_ENCODED)
        if rule.media == ("*",) or (media == b"application/json" and rule.media is JSON):
            return
        kind = media.split(b";", 1)[0].strip().lower().decode("latin-1")
        charset = _CHARSET.search(media)
        if kind not in rule.media or (charset and charset[1].lower() not in (b"utf-8", b"utf8")):
            detail = f"Send {' or '.join(rule.media)}."
            raise Refused(refusal(415, "request.unsupported-media-type", "Unsupported media type", detail))

    @staticmethod
    def _too_large(rule: BodyRule) -> Refused:
        detail = f"The body may have {rule.limit} bytes."
        return Refused(refusal(413, "request.too-large", "Body too large", detail))


def replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that hands out a body that was read already, then what the server says next."""
    first = True

    async def again() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again
