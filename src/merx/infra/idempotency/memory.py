"""Claimed idempotency keys in memory."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import msgspec

from merx.infra.clock import utc_now
from merx.infra.idempotency.answers import KEPT_FOR, Answer, Key, MemoryAnswers
from merx.infra.idempotency.errors import AnswerLost, StillRunning
from merx.infra.idempotency.store import CLAIM, Claimed, Reply
from merx.infra.memory import MemoryStore, memory_tx
from merx.kernel.errors import KeyReused
from merx.kernel.ids import new_id
from merx.kernel.ports import Transaction

KEYS = "platform.idempotency_key"


class StoredKey(msgspec.Struct):
    """`reply` is None while the first request is running. `noted_at` is when its effect was committed."""

    fingerprint: bytes
    claim: UUID
    expires_at: datetime
    reply: Reply | None = None
    noted_at: datetime | None = None


class MemoryIdempotency:
    def __init__(self, store: MemoryStore, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._rows: dict[tuple[str, str, str], StoredKey] = store.table(KEYS)
        self._answers: dict[tuple[str, str, str], tuple[datetime, Answer]] = store.table(MemoryAnswers.TABLE)

    async def begin(self, key: Key) -> Claimed | Reply:
        row = self._rows.get(_id(key))
        if row is None or row.expires_at <= self._now():
            claimed = Claimed(new_id())
            self._rows[_id(key)] = StoredKey(key.fingerprint, claimed.claim, self._now() + CLAIM)
            return claimed
        if row.fingerprint != key.fingerprint:
            raise KeyReused
        if row.reply is None:
            raise AnswerLost if row.noted_at and row.noted_at + CLAIM <= self._now() else StillRunning
        return row.reply

    async def note(self, tx: Transaction, key: Key, claimed: Claimed) -> None:
        table = memory_tx(tx).table(KEYS)
        if not self._holds(key, claimed):
            raise StillRunning
        now = self._now()
        table.put(_id(key), StoredKey(key.fingerprint, claimed.claim, now + KEPT_FOR, noted_at=now))

    async def complete(self, key: Key, claimed: Claimed, reply: Reply) -> None:
        if self._holds(key, claimed):
            self._rows[_id(key)] = StoredKey(key.fingerprint, claimed.claim, self._now() + KEPT_FOR, reply)

    async def abandon(self, key: Key, claimed: Claimed, *, refused: bool = False) -> None:
        if self._holds(key, claimed) and (refused or self._rows[_id(key)].noted_at is None):
            del self._rows[_id(key)]

    def _holds(self, key: Key, claimed: Claimed) -> bool:
        row = self._rows.get(_id(key))
        return row is not None and row.claim == claimed.claim and row.reply is None

    async def prune(self) -> int:
        old = [row_id for row_id, row in self._rows.items() if row.expires_at <= self._now()]
        for row_id in old:
            del self._rows[row_id]
        gone = [row_id for row_id, (until, _) in self._answers.items() if until <= self._now()]
        for row_id in gone:
            del self._answers[row_id]
        return len(old) + len(gone)


def _id(key: Key) -> tuple[str, str, str]:
    return key.principal, key.route, key.key
