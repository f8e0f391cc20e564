"""Token buckets: how they are asked, whoever keeps them.

A bucket is one moment: when it will be full again (the generic cell rate algorithm). A token moves it one interval
further away, and a bucket that would be full later than its capacity allows is empty. Nothing has to be refilled.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Limit(msgspec.Struct, frozen=True):
    """`tokens` at once, and as many again in `seconds`."""

    tokens: int
    seconds: float = 60.0

    @property
    def interval(self) -> float:
        """Seconds until one token is back."""
        return self.seconds / self.tokens


# A bucket by its name.
Ask = tuple[str, Limit]


class Taken(msgspec.Struct, frozen=True):
    """What became of an ask, told of the bucket with the fewest tokens left.

    `reset` is in seconds until that bucket is full again, `wait` until it has a token; 0 when the ask was `allowed`.
    """

    allowed: bool
    limit: int
    remaining: int
    reset: float
    wait: float = 0.0


class Buckets(Protocol):
    async def take(self, asks: Sequence[Ask]) -> Taken:
        """One token from each bucket, or from none when one of them is empty. Atomic. `asks` is not empty.

        Whoever is refused pays nothing, so asking too often does not make the wait longer.
        """
        ...
