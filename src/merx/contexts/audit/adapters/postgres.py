"""The trail on PostgreSQL. Nothing here writes: rows come with the units of work of others."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from functools import cache
from typing import Any

import asyncpg
from sqlalchemy import BigInteger, ColumnElement, DateTime, Text, Uuid, bindparam, func, or_, select
from sqlalchemy.sql.selectable import ScalarSelect

from merx.contexts.audit.adapters.views import page_of_rows
from merx.contexts.audit.ports.queries import AuditFilter, AuditView, seq_in
from merx.infra.audit.tables import ENTRY
from merx.infra.postgres import Compiled, Reader, compiled
from merx.kernel.audit_chain import AuditRow, Head
from merx.kernel.paging import Page

_FIELDS = AuditRow.__struct_fields__
_columns = [ENTRY.c[name] for name in _FIELDS]
_BEYOND_ALL = 2**63 - 1

_ROWS = compiled(
    select(*_columns).where(ENTRY.c.seq > bindparam("after")).order_by(ENTRY.c.seq).limit(bindparam("rows"))
)
_END = select(ENTRY.c.seq, ENTRY.c.at, ENTRY.c.hash, ENTRY.c.seal.is_not(None).label("sealed"))
_HEAD = compiled(_END.order_by(ENTRY.c.seq.desc()).limit(1))
_HEAD_BEFORE = compiled(
    _END.where(ENTRY.c.at < bindparam("moment", type_=DateTime(timezone=True)))
    .order_by(ENTRY.c.at.desc(), ENTRY.c.seq.desc())
    .limit(1)
)
_FIRST_SEALED = compiled(select(*_columns).where(ENTRY.c.seal.is_not(None)).order_by(ENTRY.c.seq).limit(1))
_PLACE = compiled(select(ENTRY.c.seq).where(ENTRY.c.hash == bindparam("hash")))


def _first_since(name: str) -> ScalarSelect[Any]:
    """Rows are in the order of time, so a moment is a place: the pages need no other order than that of `seq`."""
    moment = bindparam(name, type_=DateTime(timezone=True))
    return select(ENTRY.c.seq).where(ENTRY.c.at >= moment).order_by(ENTRY.c.at, ENTRY.c.seq).limit(1).scalar_subquery()


def _conditions() -> dict[str, ColumnElement[bool]]:
    seq, action = ENTRY.c.seq, bindparam("action", type_=Text)
    actor = bindparam("actor_id", type_=Uuid)
    return {
        "actor_id": or_(ENTRY.c.actor_id == actor, ENTRY.c.impersonator_id == actor),
        "action": ENTRY.c.action == action,
        "context": func.starts_with(ENTRY.c.action, bindparam("context", type_=Text)),
        "target": ENTRY.c.target == bindparam("target", type_=Text),
        "target_id": ENTRY.c.target_id == bindparam("target_id", type_=Text),
        "request_id": ENTRY.c.request_id == bindparam("request_id", type_=Text),
        "since": seq >= func.coalesce(_first_since("since"), _BEYOND_ALL),
        "until": seq < func.coalesce(_first_since("until"), _BEYOND_ALL),
        "below": seq < bindparam("below", type_=BigInteger),
    }


@cache
def _page(asked: frozenset[str]) -> Compiled:
    """A statement for each set of filters: one for all of them could use no index."""
    wanted = [condition for name, condition in _conditions().items() if name in asked]
    return compiled(select(*_columns).where(*wanted).order_by(ENTRY.c.seq.desc()).limit(bindparam("rows")))


class PostgresAuditQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, wanted: AuditFilter) -> Page[AuditView]:
        asked = {
            "actor_id": wanted.actor_id,
            "target": wanted.target,
            "target_id": wanted.target_id,
            "request_id": wanted.request_id,
            "since": wanted.since,
            "until": wanted.until,
            "below": seq_in(wanted.after),
        }
        if wanted.action is not None:
            whole = "." not in wanted.action
            asked |= {"context": f"{wanted.action}."} if whole else {"action": wanted.action}
        given = {name: value for name, value in asked.items() if value is not None}
        rows = await self._reader.fetch(_page(frozenset(given)), rows=wanted.limit + 1, **given)
        return page_of_rows([_row(row) for row in rows], wanted.limit)

    async def rows(self, after: int, limit: int) -> Sequence[AuditRow]:
        return [_row(record) for record in await self._reader.fetch(_ROWS, after=after, rows=limit)]

    async def head(self) -> Head:
        return _head(await self._reader.fetchrow(_HEAD))

    async def head_before(self, day: date) -> Head:
        moment = datetime.combine(day, time(), UTC)
        return _head(await self._reader.fetchrow(_HEAD_BEFORE, moment=moment))

    async def first_sealed(self) -> AuditRow | None:
        record = await self._reader.fetchrow(_FIRST_SEALED)
        return None if record is None else _row(record)

    async def place_of(self, digest: bytes) -> int | None:
        seq: int | None = await self._reader.fetchval(_PLACE, hash=digest)
        return seq


def _head(record: asyncpg.Record | None) -> Head:
    return Head() if record is None else Head(*record)


def _row(record: asyncpg.Record) -> AuditRow:
    return AuditRow(**dict(zip(_FIELDS, record, strict=True)))
