"""What a process remembers of the database while it hears of every change, and no longer."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """At most `most`, of which the oldest go first. What changed while somebody read is not remembered as it was.

    `listening`: somebody tells of changes.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: OrderedDict[K, V] = OrderedDict()
        self._changes = 0
        self.listening = True

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: K) -> V | None:
        return self._held.get(key)

    def begin(self, key: K) -> int:
        """Before it is read anew. Give the answer to `keep`."""
        self._held.pop(key, None)
        return self._changes

    def keep(self, key: K, value: V, begun: int) -> None:
        """Unless something changed since, or nobody would tell of a change."""
        if self.listening and begun == self._changes:
            self._held[key] = value
            if len(self._held) > self._most:
                self._held.popitem(last=False)

    def forget(self, changed: Callable[[K, V], bool]) -> None:
        self._changes += 1
        for key in [key for key, value in self._held.items() if changed(key, value)]:
            del self._held[key]

    def suspend(self) -> None:
        """Nobody tells of changes from now on."""
        self.listening = False
        self.forget(lambda _key, _value: True)

    def resume(self) -> None:
        self.forget(lambda _key, _value: True)
        self.listening = True
