"""An event loop without waiting: when nothing is left to do, its clock jumps to the next timer.

For code that waits by the loop's clock and for nothing else: no sockets, no threads. `@pytest.mark.hurried` asks for
it.
"""

import asyncio


class HurriedLoop(asyncio.SelectorEventLoop):
    _ahead = 0.0

    def time(self) -> float:
        return super().time() + self._ahead

    def _run_once(self) -> None:
        timers = [timer for timer in self._scheduled if not timer._cancelled]
        if timers and not self._ready:
            self._ahead += max(0.0, min(timers)._when - self.time())
        super()._run_once()
