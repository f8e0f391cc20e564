"""Idempotency keys on PostgreSQL. Expiry goes by the database clock."""

import msgspec

from merx.infra.idempotency.answers import KEPT_FOR, Key
from merx.infra.idempotency.errors import AnswerLost, StillRunning
from merx.infra.idempotency.store import CLAIM, Claimed, Reply
from merx.infra.postgres import postgres_tx
from merx.infra.postgres.compiled import compiled, json_text
from merx.infra.postgres.database import Database
from merx.kernel.errors import KeyReused
from merx.kernel.ids import new_id
from merx.kernel.ports import Transaction

_ONE = "principal = :principal and route = :route and key = :key"

# Our own claim is taken again: the reader sends a write once more when it lost the connection and the answer.
BEGIN = compiled("""
    insert into platform.idempotency_key as k (principal, route, key, fingerprint, state, claim, expires_at)
    values (:principal, :route, :key, :fingerprint, 'running', :claim, now() + cast(:claimed_for as interval))
    on conflict (principal, route, key) do update
    set fingerprint = excluded.fingerprint, state = 'running', claim = excluded.claim, status = null, body = null,
        headers = null, created_at = now(), expires_at = excluded.expires_at
    where k.expires_at <= now() or (k.claim = excluded.claim and k.state = 'running')
""")
# Done without a status: the effect was committed, and its answer is on the way, or lost when the claim's time is over.
_MINE = f"{_ONE} and claim = :claim and (state = 'running' or status is null)"
READ = compiled(f"""
    select fingerprint, state, status, body, headers,
        expires_at <= now() + cast(:kept as interval) - cast(:claimed_for as interval) as overdue
    from platform.idempotency_key where {_ONE} and expires_at > now()
""")  # noqa: S608 - fixed text
NOTE = compiled(f"""
    update platform.idempotency_key set state = 'done', expires_at = now() + cast(:kept as interval) where {_MINE}
""")  # noqa: S608 - fixed text
COMPLETE = compiled(f"""
    update platform.idempotency_key
    set state = 'done', status = :status, body = :body, headers = :headers, expires_at = now() + cast(:kept as interval)
    where {_MINE}
""")  # noqa: S608 - fixed text
ABANDON = compiled(f"""
    delete from platform.idempotency_key where {_MINE} and (state = 'running' or cast(:refused as boolean))
""")  # noqa: S608 - fixed text
PRUNE = compiled("""
    delete from platform.idempotency_key where ctid = any(array(
        select ctid from platform.idempotency_key where expires_at <= now() limit 5000
    ))
""")


class PostgresIdempotency:
    def __init__(self, database: Database) -> None:
        self._run = database.reader

    async def begin(self, key: Key) -> Claimed | Reply:
        claimed = Claimed(new_id())
        for _ in range(3):
            got = await self._run.execute(
                BEGIN, **_one(key), fingerprint=key.fingerprint, claim=claimed.claim, claimed_for=CLAIM
            )
            if got:
                return claimed
            row = await self._run.fetchrow(READ, **_one(key), kept=KEPT_FOR, claimed_for=CLAIM)
            if row is None:
                # Abandoned or expired between the two statements.
                continue
            if row["fingerprint"] != key.fingerprint:
                raise KeyReused
            if row["status"] is not None:
                return Reply(row["status"], row["body"], msgspec.json.decode(row["headers"] or "{}"))
            if row["state"] == "done" and row["overdue"]:
                raise AnswerLost
            break
        raise StillRunning

    async def note(self, tx: Transaction, key: Key, claimed: Claimed) -> None:
        if not await postgres_tx(tx).execute(NOTE, **_one(key), claim=claimed.claim, kept=KEPT_FOR):
            raise StillRunning

    async def complete(self, key: Key, claimed: Claimed, reply: Reply) -> None:
        await self._run.execute(
            COMPLETE,
            **_one(key),
            claim=claimed.claim,
            status=reply.status,
            body=reply.body,
            headers=json_text(reply.headers),
            kept=KEPT_FOR,
        )

    async def abandon(self, key: Key, claimed: Claimed, *, refused: bool = False) -> None:
        await self._run.execute(ABANDON, **_one(key), claim=claimed.claim, refused=refused)

    async def prune(self) -> int:
        removed = 0
        while count := await self._run.execute(PRUNE):
            removed += count
        return removed


def _one(key: Key) -> dict[str, str]:
    return {"principal": key.principal, "route": key.route, "key": key.key}
