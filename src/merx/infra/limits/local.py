"""Buckets of this process."""

from collections.abc import Callable, Sequence
from time import monotonic

from merx.infra.limits.buckets import Ask, Taken

MAX_BUCKETS = 50_000


class LocalBuckets:
    """Bounded: of more buckets than `most`, those longest unused are forgotten, which makes them full again."""

    def __init__(self, now: Callable[[], float] = monotonic, most: int = MAX_BUCKETS) -> None:
        self._now = now
        self._half = most // 2
        # Two generations: what is used moves to the young one, and when that is half of all, the old one goes. As
        # good as an ordered dictionary and a third of its cost.
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}

    async def take(self, asks: Sequence[Ask]) -> Taken:
        return self.take_now(asks)

    def take_now(self, asks: Sequence[Ask]) -> Taken:
        """The same without waiting: browsing takes its tokens here."""
        now = self._now()
        young, old = self._young, self._old
        filled: list[tuple[str, float]] = []
        scarcest: Taken | None = None
        refused: Taken | None = None
        for name, limit in asks:
            full_at = young.get(name) or old.get(name, 0.0)
            interval = limit.seconds / limit.tokens
            after = (full_at if full_at > now else now) + interval
            room = limit.seconds - (after - now)
            # Half of a token's time would be a mistake, a millionth of it is the rounding of floats.
            if room < -interval * 1e-6:
                if refused is None or -room > refused.wait:
                    refused = Taken(False, limit.tokens, 0, full_at - now, -room)
                continue
            remaining = int(room / interval + 1e-6)
            filled.append((name, after))
            if scarcest is None or remaining < scarcest.remaining:
                scarcest = Taken(True, limit.tokens, remaining, after - now)
        if refused is not None:
            return refused
        assert scarcest is not None
        young.update(filled)
        if len(young) > self._half:
            self._young, self._old = {}, young
        return scarcest
