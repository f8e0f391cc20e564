"""Lines go to a bounded buffer and from there to a file descriptor in a thread of their own.

A slow reader of the log (a full pipe, a busy disk) never slows a request: what does not fit is dropped and counted.
"""

import atexit
import contextlib
import os
import threading
from collections.abc import Callable

MAX_LINES = 20_000
FLUSH_SECONDS = 0.2


class LineWriter:
    """`write` takes a finished line; a source is asked for the lines it has gathered whenever lines are written."""

    def __init__(self, descriptor: int, *, max_lines: int = MAX_LINES, flush_seconds: float = FLUSH_SECONDS) -> None:
        self.descriptor = descriptor
        self._max_lines = max_lines
        self._seconds = flush_seconds
        self._lines: list[bytes] = []
        self._sources: list[Callable[[], bytes]] = []
        self._dropped = 0
        self._wake = threading.Event()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def add_source(self, source: Callable[[], bytes]) -> None:
        """`source` runs in the writer's thread and must not raise."""
        self._sources.append(source)
        self._start()

    def write(self, line: bytes) -> None:
        """Never blocks and never raises."""
        if len(self._lines) >= self._max_lines:
            self._dropped += 1
            return
        self._lines.append(line)
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        if self._thread is not None:
            return
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(self._seconds)
            self._wake.clear()
            self.flush()

    def flush(self) -> None:
        """Write what is buffered; returns when it is out or cannot go out."""
        with self._writing:
            lines, self._lines = self._lines, []
            dropped, self._dropped = self._dropped, 0
            text = b"".join(lines) + b"".join(source() for source in self._sources)
            if dropped:
                text += b'{"level":"warning","message":"%d log lines dropped"}\n' % dropped
            view = memoryview(text)
            # A closed pipe ends the log, not the process.
            with contextlib.suppress(OSError):
                while view.nbytes:
                    view = view[os.write(self.descriptor, view) :]

    def soon(self) -> None:
        """Do not wait for the next turn; for lines somebody may be waiting for."""
        self._wake.set()

    def close(self) -> None:
        self._closed = True
        self.flush()
