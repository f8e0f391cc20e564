"""One request on its way through the frame, and the headers that every answer gets."""

from time import perf_counter

from merx.infra.http import server
from merx.infra.http.asgi import Message, Scope, Send
from merx.infra.http.limits import limit_headers
from merx.infra.http.origins import Cors
from merx.infra.http.problems import RawHeaders
from merx.infra.http.security import NO_STORE, POLICY
from merx.infra.limits.buckets import Taken
from merx.kernel.actor import ActorKind

NO_ROUTE = "(no route)"
ANYBODY: str = ActorKind.anonymous


class Exchange:
    """What the frame has to remember until the answer is out."""

    __slots__ = (
        "_cors",
        "_head",
        "_security",
        "_send",
        "begun",
        "by_name",
        "cookies",
        "method",
        "request_id",
        "started",
        "status",
        "taken",
        "template",
        "who",
    )

    def __init__(
        self, scope: Scope, send: Send, request_id: str, security: RawHeaders, cors: Cors | None = None
    ) -> None:
        self.started = perf_counter()
        self.by_name: dict[bytes, bytes] = dict(scope["headers"])
        self.method: str = scope["method"]
        self.request_id = request_id
        self.status = 0
        self.begun = False
        self.taken: Taken | None = None
        self.cookies: RawHeaders = []
        self.template = NO_ROUTE
        self.who: str = ANYBODY
        self._send = send
        self._security = security
        self._cors = cors
        self._head: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers: RawHeaders = message["headers"]
            present = dict(headers)
            outgoing = [*headers, *self._security, (b"x-request-id", self.request_id.encode())]
            if b"cache-control" not in present:
                outgoing.append(NO_STORE)
                # Only where no cache keeps them for somebody else.
                if self.taken is not None:
                    outgoing += limit_headers(self.taken)
            if b"content-security-policy" not in present:
                outgoing.append(POLICY)
            if self.cookies:
                outgoing += self.cookies
            if self._cors is not None:
                self._cors.add(outgoing, self.by_name.get(b"origin"))
            message["headers"] = outgoing
            # Waits for the body: most answers are of one piece.
            self._head = message
            return
        if self.method == "HEAD":
            message["body"] = b""
        self.begun = True
        head, self._head = self._head, None
        if head is not None:
            if self.method != "HEAD" and not message.get("more_body", False):
                cycle = server.short_way(self._send)
                body: bytes = message.get("body", b"")
                if cycle is not None and server.write_answer(cycle, self.status, head["headers"], body):
                    return
            await self._send(head)
        await self._send(message)
