"""How late the event loop is: what is due now waits for so long until it is its turn."""

import asyncio
from time import monotonic

EVERY_SECONDS = 0.01


class LoopLag:
    """`seconds` follows a delay up at once and halves with each look after it. 0 as long as nobody watches."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._due = 0.0

    def watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begins once for a loop; the looks end with it."""
        if self._loop is not loop:
            self._loop = loop
            self._again()

    def _again(self) -> None:
        assert self._loop is not None
        self._due = monotonic() + EVERY_SECONDS
        self._loop.call_later(EVERY_SECONDS, self._look)

    def _look(self) -> None:
        late = max(0.0, monotonic() - self._due)
        self.seconds = max(late, (self.seconds + late) / 2)
        self._again()
