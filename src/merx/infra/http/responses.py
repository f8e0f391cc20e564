"""Answers that are bytes already, with ETag and 304, kept in memory in front of the router."""

from litestar.response.base import ASGIResponse

from merx.infra.cache import ByteCache, CachedResponse, cached_response
from merx.infra.http.asgi import Receive, Scope, Send, send_answer
from merx.infra.http.problems import RawHeaders

# A lost invalidation message must not show an old price for ever.
DEFAULT_TTL = 300.0

# Keys in scope["state"]; set by the middleware when an answer to this request may be kept.
CACHE = "byte_cache"
CACHE_KEY = "byte_cache_key"
CACHE_BEGAN = "byte_cache_began"
IF_NONE_MATCH = "if_none_match"


def not_modified(etag: bytes, if_none_match: bytes | None) -> bool:
    return if_none_match is not None and (etag in if_none_match or if_none_match.strip() == b"*")


async def send_cached(send: Send, answer: CachedResponse, if_none_match: bytes | None) -> None:
    """200 with the body, or 304 without."""
    if not_modified(answer.etag, if_none_match):
        kept: RawHeaders = [item for item in answer.headers if item[0] not in (b"content-type", b"content-length")]
        await send_answer(send, 304, kept)
    else:
        # A copy: the middleware adds its own headers to the list.
        await send_answer(send, 200, list(answer.headers), answer.body)


class Encoded(ASGIResponse):
    """A body that is bytes already, for this caller only. Litestar's header objects would cost more than the body.

    The frame adds `Cache-Control: no-store` unless `headers` say otherwise.
    """

    def __init__(self, body: bytes, status: int = 200, headers: RawHeaders | None = None) -> None:
        self.body = body
        self.status_code = status
        self._extra = headers or []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(self.body)), *self._extra]
        await send_answer(send, self.status_code, headers, self.body)


class CachedBytes(ASGIResponse):
    """What a hot public GET returns: the encoded body, the same for every caller.

    `tags` name what the body shows (`product:<id>`); writers drop it with `uow.invalidate(tag)`. `max_age` in seconds
    is for browsers and a CDN, `ttl` for our own memory. Staff always gets a fresh answer.
    """

    def __init__(
        self,
        body: bytes,
        tags: tuple[str, ...],
        max_age: int = 0,
        *,
        ttl: float = DEFAULT_TTL,
        content_type: bytes = b"application/json",
    ) -> None:
        self.body = body
        self.status_code = 200
        self.answer = cached_response(body, max_age, content_type)
        self.tags = tags
        self.ttl = ttl

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope["state"]
        cache: ByteCache | None = state.get(CACHE)
        if cache is not None:
            cache.store(state[CACHE_KEY], self.answer, self.tags, self.ttl, state[CACHE_BEGAN])
        await send_cached(send, self.answer, state.get(IF_NONE_MATCH))
