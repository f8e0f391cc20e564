"""UUIDv7 identifiers: unique without coordination, ordered by time so that indexes grow at one end (RFC 9562 §5.7)."""

import os
import struct
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, SafeUUID

# Random numbers of 64 bits, asked from the system many at a time: `pop` gives each to one thread only.
_noise: list[int] = []
_new, _set = UUID.__new__, object.__setattr__
# Looking up a member of an enumeration takes a fifth of the time of an id.
_UNKNOWN = SafeUUID.unknown


def _draw() -> int:
    while True:
        try:
            return _noise.pop()
        except IndexError:
            _noise.extend(struct.unpack("=256Q", os.urandom(2048)))


# A child must not draw the numbers that its parent draws.
os.register_at_fork(after_in_child=_noise.clear)


class IdSource:
    """Milliseconds plus a 12-bit counter, which never go backwards within a source, and random bits.

    `clock` tells nanoseconds since 1970, `draw` gives 64 random bits.
    """

    __slots__ = ("_clock", "_draw", "_last_ms", "_sequence")

    def __init__(self, clock: Callable[[], int] = time.time_ns, draw: Callable[[], int] = _draw) -> None:
        self._clock = clock
        self._draw = draw
        self._last_ms = 0
        self._sequence = 0

    def make(self) -> UUID:
        """A fresh UUIDv7. Ids of one source sort in the order they were made, those of several threads by thread."""
        now = self._clock() // 1_000_000
        random = self._draw()
        start = self._draw() & 0x7FF if now > self._last_ms else 0
        # From here to the sequence's new value nothing is called: no other thread comes between.
        if now > self._last_ms:
            self._last_ms = now
            self._sequence = start
        else:
            self._sequence += 1
            if self._sequence > 0xFFF:
                self._last_ms += 1
                self._sequence = 0
        made = _new(UUID)
        # UUID's own constructor checks five ways of calling it, which takes longer than everything above.
        _set(
            made,
            "int",
            (self._last_ms << 80)
            | (0x7 << 76)
            | (self._sequence << 64)
            | (0b10 << 62)
            | random & 0x3FFF_FFFF_FFFF_FFFF,
        )
        _set(made, "is_safe", _UNKNOWN)
        return made


new_id = IdSource().make
"""A fresh UUIDv7 of this process."""


def moment_of(id: UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond."""
    return datetime.fromtimestamp((id.int >> 80) / 1000, UTC)
