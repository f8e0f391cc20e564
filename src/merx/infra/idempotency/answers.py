"""Answers kept in the transaction of their effect: for checkout, where a lock already keeps twins apart.

A request that changes something under a lock of its own needs no claim: it looks for an answer after taking the lock
and keeps its own before the commit. One statement each, for a whole batch.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import msgspec

from merx.infra.clock import utc_now
from merx.infra.memory import memory_tx
from merx.infra.postgres import Write, compiled, postgres_tx
from merx.kernel.errors import Conflict
from merx.kernel.ports import Transaction

KEPT_FOR = timedelta(hours=24)


class Key(msgspec.Struct, frozen=True):
    """`principal` and `route` scope the caller's key; `fingerprint` is a digest of what else was sent."""

    principal: str
    route: str
    key: str
    fingerprint: bytes


class Answer(msgspec.Struct, frozen=True):
    fingerprint: bytes
    status: int
    body: bytes


class KeyTaken(Conflict):
    """Another request with the same key was answered while this one ran."""

    slug = "idempotency.key-taken"
    title = "The idempotency key was used meanwhile"


class AnswerStore(Protocol):
    async def find(self, tx: Transaction, keys: Sequence[Key]) -> list[Answer | None]: ...

    async def keep(self, tx: Transaction, answers: Sequence[tuple[Key, int, bytes]]) -> None:
        """Raises KeyTaken, at the latest at the commit."""
        ...


_FIND = compiled(
    """
    select x.n, k.fingerprint, k.status, k.body
      from unnest(cast(:principals as text[]), cast(:routes as text[]), cast(:keys as text[]))
           with ordinality as x(principal, route, key, n)
      join platform.idempotency_key k on k.principal = x.principal and k.route = x.route and k.key = x.key
     where k.state = 'done' and k.expires_at > now()
    """
)
_KEEP = Write(
    """
    kept as (
    insert into platform.idempotency_key as k (principal, route, key, fingerprint, state, claim, status, body,
                                               expires_at)
    select x.principal, x.route, x.key, x.fingerprint, 'done', gen_random_uuid(), x.status, x.body,
           now() + interval '24 hours'
      from unnest(cast(:principals as text[]), cast(:routes as text[]), cast(:keys as text[]),
                  cast(:fingerprints as bytea[]), cast(:statuses as smallint[]), cast(:bodies as bytea[]))
           as x(principal, route, key, fingerprint, status, body)
     order by x.principal, x.route, x.key
    on conflict (principal, route, key) do update
       set fingerprint = excluded.fingerprint, state = excluded.state, claim = excluded.claim,
           status = excluded.status, body = excluded.body, expires_at = excluded.expires_at, created_at = now()
     where k.expires_at <= now()
    returning 1)
    """,
    counted="kept",
)


class PostgresAnswers:
    async def find(self, tx: Transaction, keys: Sequence[Key]) -> list[Answer | None]:
        found: list[Answer | None] = [None] * len(keys)
        rows = await postgres_tx(tx).fetch(
            _FIND,
            principals=[key.principal for key in keys],
            routes=[key.route for key in keys],
            keys=[key.key for key in keys],
        )
        for row in rows:
            found[row[0] - 1] = Answer(row[1], row[2], row[3])
        return found

    async def keep(self, tx: Transaction, answers: Sequence[tuple[Key, int, bytes]]) -> None:
        postgres_tx(tx).later(
            _KEEP.filled(
                principals=[key.principal for key, _, _ in answers],
                routes=[key.route for key, _, _ in answers],
                keys=[key.key for key, _, _ in answers],
                fingerprints=[key.fingerprint for key, _, _ in answers],
                statuses=[status for _, status, _ in answers],
                bodies=[body for _, _, body in answers],
            ),
            rows=len(answers),
            short=KeyTaken(),
        )


class MemoryAnswers:
    """Expired answers are as good as gone; `MemoryIdempotency.prune` removes them."""

    TABLE = "platform.idempotency_answer"

    async def find(self, tx: Transaction, keys: Sequence[Key]) -> list[Answer | None]:
        table, now = memory_tx(tx).table(self.TABLE), utc_now()
        kept = (table.get((key.principal, key.route, key.key)) for key in keys)
        return [entry[1] if entry is not None and entry[0] > now else None for entry in kept]

    async def keep(self, tx: Transaction, answers: Sequence[tuple[Key, int, bytes]]) -> None:
        if any(await self.find(tx, [key for key, _, _ in answers])):
            raise KeyTaken
        table, until = memory_tx(tx).table(self.TABLE), utc_now() + KEPT_FOR
        for key, status, body in answers:
            table.put((key.principal, key.route, key.key), (until, Answer(key.fingerprint, status, body)))
