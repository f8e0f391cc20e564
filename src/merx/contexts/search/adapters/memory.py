"""The embedded engine without a folder: writer and reader in one process, gone when it ends."""

import threading
from collections.abc import Iterable
from uuid import UUID

from merx.contexts.search.adapters.tantivy.generations import Generation, Lock
from merx.contexts.search.adapters.tantivy.index import TantivyIndex
from merx.contexts.search.ports.index import RebuildRunning
from merx.kernel.errors import Unavailable

_WAIT = 10.0


class MemoryPlace:
    def __init__(self) -> None:
        self._current: Generation | None = None
        self._writing = threading.Lock()
        self._rebuilding = threading.Lock()
        self._noted: list[UUID] = []
        self._writes = 0

    def stamp(self) -> object:
        return self._current, self._writes

    def current(self) -> Generation | None:
        return self._current

    def lock(self) -> Lock:
        if not self._writing.acquire(timeout=_WAIT):
            raise Unavailable("the search index is being written")
        return self._writing

    def begin_rebuild(self) -> Lock:
        if not self._rebuilding.acquire(blocking=False):
            raise RebuildRunning
        self._noted.clear()
        return self._rebuilding

    def note(self, ids: Iterable[UUID]) -> None:
        self._writes += 1
        if self._rebuilding.locked():
            self._noted.extend(ids)

    def noted(self, after: int) -> tuple[list[UUID], int]:
        return self._noted[after:], len(self._noted)

    def create(self) -> Generation:
        return Generation("memory", None)

    def swap(self, generation: Generation) -> None:
        self._current = generation
        self._writes += 1


class MemorySearchIndex(TantivyIndex):
    def __init__(self) -> None:
        super().__init__(MemoryPlace())
