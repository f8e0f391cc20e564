"""Reads of shipping on PostgreSQL."""

from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import Uuid, bindparam, or_, select

from merx.contexts.shipping.adapters.postgres.rows import MethodRow, RateRow, ZoneRow
from merx.contexts.shipping.domain.errors import MethodNotFound, RateNotFound, ZoneNotFound
from merx.contexts.shipping.domain.method import Method
from merx.contexts.shipping.domain.rate import Rate
from merx.contexts.shipping.domain.rulebook import Rulebook
from merx.contexts.shipping.domain.zone import Zone
from merx.contexts.shipping.ports.queries import MethodView, RateView, ZoneView
from merx.infra.postgres import Compiled, Reader, VersionedRow, compiled
from merx.kernel.errors import NotFound
from merx.kernel.model import View
from merx.kernel.paging import Page, decode_id, page_of

S = TypeVar("S", bound=msgspec.Struct)
V = TypeVar("V", bound=View)


class _Table:
    """The three statements that each table needs; `parent` is the column a page can be narrowed by."""

    def __init__(self, row: type[VersionedRow], view: type[View], parent: str | None = None) -> None:
        columns = [getattr(row, field) for field in view.__struct_fields__]
        after = bindparam("after", type_=Uuid)
        page = select(*columns).where(or_(after.is_(None), row.id > after)).order_by(row.id).limit(bindparam("rows"))
        if parent is not None:
            wanted = bindparam("parent", type_=Uuid)
            page = page.where(or_(wanted.is_(None), getattr(row, parent) == wanted))
        self.all: Compiled = compiled(select(*columns).order_by(row.id))
        self.one: Compiled = compiled(select(*columns).where(row.id == bindparam("id")))
        self.page: Compiled = compiled(page)


_ZONES = _Table(ZoneRow, ZoneView)
_METHODS = _Table(MethodRow, MethodView, "zone_id")
_RATES = _Table(RateRow, RateView, "method_id")


def _struct(record: asyncpg.Record, type_: type[S]) -> S:
    """JSONB arrives as text."""
    values = dict(record)
    if "tiers" in values:
        values["tiers"] = msgspec.json.decode(values["tiers"])
    return msgspec.convert(values, type_)


class PostgresShippingQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def rulebook(self) -> Rulebook:
        zones = await self._reader.fetch(_ZONES.all)
        methods = await self._reader.fetch(_METHODS.all)
        rates = await self._reader.fetch(_RATES.all)
        return Rulebook(
            [_struct(row, Zone) for row in zones],
            [_struct(row, Method) for row in methods],
            [_struct(row, Rate) for row in rates],
        )

    async def zones(self, after: str | None, limit: int) -> Page[ZoneView]:
        return await self._page(_ZONES, ZoneView, after, limit)

    async def methods(self, after: str | None, limit: int, zone_id: UUID | None = None) -> Page[MethodView]:
        return await self._page(_METHODS, MethodView, after, limit, parent=zone_id)

    async def rates(self, after: str | None, limit: int, method_id: UUID | None = None) -> Page[RateView]:
        return await self._page(_RATES, RateView, after, limit, parent=method_id)

    async def zone(self, zone_id: UUID) -> ZoneView:
        return await self._one(_ZONES, ZoneView, zone_id, ZoneNotFound)

    async def method(self, method_id: UUID) -> MethodView:
        return await self._one(_METHODS, MethodView, method_id, MethodNotFound)

    async def rate(self, rate_id: UUID) -> RateView:
        return await self._one(_RATES, RateView, rate_id, RateNotFound)

    async def _one(self, table: _Table, view: type[V], key: UUID, missing: type[NotFound]) -> V:
        row = await self._reader.fetchrow(table.one, id=key)
        if row is None:
            raise missing
        return _struct(row, view)

    async def _page(self, table: _Table, view: type[V], after: str | None, limit: int, **narrow: Any) -> Page[V]:
        rows = await self._reader.fetch(table.page, after=decode_id(after), rows=limit + 1, **narrow)
        return page_of([_struct(row, view) for row in rows], limit)
