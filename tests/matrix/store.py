"""The state of a shop on memory: what it is, whether it changed, and how it was before."""

from operator import is_
from typing import Any

import msgspec

from merx.bootstrap.container import App
from merx.infra.memory import MemoryStore, copied
from merx.infra.outbox.memory import DELIVERIES

_encoder = msgspec.msgpack.Encoder()


class State(msgspec.Struct, frozen=True):
    """`rows` are copies that nobody else holds, by table; `fingerprint` is what they are as bytes."""

    rows: dict[str, dict[Any, Any]]
    fingerprint: dict[str, bytes]


class Memory:
    """Takes a shop back in microseconds, where building it anew takes seconds."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._store: MemoryStore = app.infra.store()
        self._last = State({}, {})
        # By table what it held the last time it was looked at: keys, rows, and both as bytes.
        self._seen: dict[str, tuple[tuple[Any, ...], tuple[Any, ...], bytes]] = {}

    def fingerprint(self) -> dict[str, bytes]:
        """The rows of each table as bytes: two that are equal are equal in every field.

        A row that is written is another object (`MemoryTable.put`), so a table of the same ones is not encoded again.
        """
        found = {}
        for name, rows in self._store.tables.items():
            if not rows:
                continue
            keys, values, known = self._seen.get(name, ((), (), b""))
            now = tuple(rows.values())
            if len(now) != len(values) or not all(map(is_, now, values)) or tuple(rows) != keys:
                keys, known = tuple(rows), _encoder.encode(list(rows.items()))
                self._seen[name] = keys, now, known
            found[name] = known
        return found

    def check(self) -> None:
        """Fails when somebody changed a committed row instead of writing another."""
        for name, rows in self._store.tables.items():
            keys, values, known = self._seen.get(name, ((), (), b""))
            same = tuple(rows) == keys and all(map(is_, rows.values(), values))
            assert not same or not rows or _encoder.encode(list(rows.items())) == known, f"{name} was changed in place"

    def state(self) -> State:
        """Tables that are as they were the last time are not copied again."""
        now, last = self.fingerprint(), self._last
        kept = {name: last.rows[name] for name in now if last.fingerprint.get(name) == now[name]}
        fresh = {name: copied(self._store.tables[name]) for name in now if name not in kept}
        self._last = State(kept | fresh, now)
        return self._last

    def restore(self, state: State) -> None:
        """As it was, in the same dictionaries: adapters hold on to them."""
        for name in changes(state.fingerprint, self.fingerprint()):
            rows = self._store.table(name)
            rows.clear()
            rows.update(copied(state.rows.get(name, {})))
        self._store.indexes.clear()
        self._store.on_invalidate(("*",))
        self._app.contexts.shipping.rules().forget()
        self.forgive()

    def forgive(self) -> None:
        """Attempts to sign in are counted outside of the store."""
        self._app.contexts.identity.local_throttle()._buckets.clear()

    def empty(self, *tables: str) -> None:
        for name in tables:
            self._store.table(name).clear()

    def skip_deliveries(self, subscribers: str = "") -> None:
        """Forget what waits for subscribers whose names begin so."""
        rows = self._store.table(DELIVERIES)
        for key in [key for key, row in rows.items() if row.subscriber.startswith(subscribers)]:
            del rows[key]


def changes(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """Names of the tables that differ."""
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
