"""Whole answers, already encoded, in front of the router. A hit costs no routing, no decode, no encode, no query.

Entries carry tags. A writer names the tags it changes in its own transaction; every process hears them at the commit
and drops what carries them. An answer whose load began before such a message is not kept, so a slow reader can never
put back what a writer just replaced.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from hashlib import blake2b
from time import monotonic

import msgspec

EVERYTHING = "*"
# Beyond this many remembered tags the oldest are forgotten and loads that began before them are not kept.
_MAX_REMEMBERED = 10_000


class CachedResponse(msgspec.Struct):
    """A 200 answer as it goes to the wire; `headers` hold content type, length, etag and cache control.

    `block` is for whoever writes them: the headers in one piece, remembered at the first hit.
    """

    body: bytes
    etag: bytes
    headers: list[tuple[bytes, bytes]]
    block: bytes = b""


def cached_response(body: bytes, max_age: int, content_type: bytes = b"application/json") -> CachedResponse:
    """`max_age` in seconds is what browsers and a CDN may use without asking again."""
    etag = b'"' + blake2b(body, digest_size=12).hexdigest().encode() + b'"'
    headers = [
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        (b"etag", etag),
        (b"cache-control", b"public, max-age=%d, stale-while-revalidate=30" % max_age),
    ]
    return CachedResponse(body, etag, headers)


class _Entry(msgspec.Struct):
    response: CachedResponse
    tags: tuple[str, ...]
    expires: float
    size: int


class ByteCache:
    """A least-recently-used map bounded in bytes, for one event loop. `max_bytes` 0 turns it off."""

    def __init__(self, max_bytes: int, seconds: Callable[[], float] = monotonic) -> None:
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._by_tag: dict[str, set[bytes]] = {}
        self._bytes = 0
        self._sequence = 0
        self._floor = 0
        self._dropped: OrderedDict[str, int] = OrderedDict()
        self._listening = True

    @property
    def enabled(self) -> bool:
        return self._max_bytes > 0 and self._listening

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> CachedResponse | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.expires < self._seconds():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry.response

    def began(self) -> int:
        """Take this before reading what will be stored, and hand it to `store`."""
        return self._sequence

    def store(self, key: bytes, response: CachedResponse, tags: tuple[str, ...], ttl: float, began: int) -> None:
        """Keep an answer for at most `ttl` seconds, unless one of its tags was dropped since `began`."""
        size = len(response.body) + len(key) + 500
        if not self.enabled or size > self._max_bytes // 8 or began < self._floor:
            return
        if any(self._dropped.get(tag, 0) > began for tag in tags):
            return
        if key in self._entries:
            self._drop(key)
        self._entries[key] = _Entry(response, tags, self._seconds() + ttl, size)
        self._bytes += size
        for tag in tags:
            self._by_tag.setdefault(tag, set()).add(key)
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))

    def invalidate(self, tags: Iterable[str]) -> None:
        """Drop every entry that carries one of the tags; `*` drops all."""
        self._sequence += 1
        for tag in tags:
            if tag == EVERYTHING:
                self._clear()
                return
            self._dropped[tag] = self._sequence
            self._dropped.move_to_end(tag)
            for key in list(self._by_tag.get(tag, ())):
                self._drop(key)
        while len(self._dropped) > _MAX_REMEMBERED:
            _, self._floor = self._dropped.popitem(last=False)

    def suspend(self) -> None:
        """Nobody tells us of changes any more: serve nothing from memory until `resume`."""
        self._listening = False
        self._sequence += 1
        self._clear()

    def resume(self) -> None:
        self._sequence += 1
        self._clear()
        self._listening = True

    def _clear(self) -> None:
        self._entries.clear()
        self._by_tag.clear()
        self._dropped.clear()
        self._bytes = 0
        self._floor = self._sequence

    def _drop(self, key: bytes) -> None:
        entry = self._entries.pop(key)
        self._bytes -= entry.size
        for tag in entry.tags:
            keys = self._by_tag.get(tag)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._by_tag[tag]
