"""The one generic aggregate repository: Struct in, Struct out, rows never leave."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from asyncpg import UniqueViolationError
from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, any_, bindparam, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import RelationshipProperty
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.orm.interfaces import ORMOption

from merx.infra.postgres.columns import VersionedRow
from merx.infra.postgres.failures import translated
from merx.infra.postgres.uow import PostgresTx
from merx.kernel.errors import Conflict, NotFound, StaleVersion
from merx.kernel.model import Entity

E = TypeVar("E", bound=Entity)


def to_row(row_type: type[Any], value: Any) -> Any:
    """A mapped object with the fields of a Struct; child lists become child rows that carry their `position`."""
    row = row_type()
    relations = dict(inspect(row_type).relationships.items())
    for field in value.__struct_fields__:
        item = getattr(value, field)
        relation: RelationshipProperty[Any] | None = relations.get(field)
        if relation is None:
            setattr(row, field, item)
            continue
        children = []
        for position, child in enumerate(item):
            child_row = to_row(relation.mapper.class_, child)
            child_row.position = position
            children.append(child_row)
        setattr(row, field, children)
    return row


@cache
def _by_ids(row_type: type[VersionedRow]) -> Select[VersionedRow]:
    """To build it costs as much as to run it."""
    ids: ColumnElement[Sequence[UUID]] = bindparam("ids", type_=ARRAY(Uuid))
    return select(row_type).where(row_type.id == any_(ids))


class PostgresRepository(Generic[E]):
    """Loads, adds and saves one aggregate type. `conflicts` maps constraint names to the error each one means."""

    def __init__(
        self,
        entity: type[E],
        row: type[VersionedRow],
        tx: PostgresTx,
        *options: ORMOption,
        conflicts: dict[str, type[Conflict]] | None = None,
        missing: type[NotFound] = NotFound,
    ) -> None:
        self._entity = entity
        self._row = row
        self._tx = tx
        self._options = options
        self._conflicts = conflicts or {}
        self._missing = missing
        # Rows are weakly held by the session; without this the merge on save would select everything again.
        self._held: dict[UUID, VersionedRow] = {}

    async def get(self, id: UUID) -> E:
        found = await self.find((id,))
        if not found:
            raise self._missing
        return found[0]

    async def find(self, ids: Iterable[UUID]) -> list[E]:
        return await self._read(_by_ids(self._row), ids)

    async def again(self, id: UUID) -> E:
        """Like `get`, and as it is now: behind a lock what this transaction read before it is old."""
        found = await self._read(_by_ids(self._row).execution_options(populate_existing=True), (id,))
        if not found:
            raise self._missing
        return found[0]

    async def _read(self, statement: Select[VersionedRow], ids: Iterable[UUID]) -> list[E]:
        if self._options:
            statement = statement.options(*self._options)
        rows = await self._tx.scalars(statement, {"ids": list(ids)})
        self._held.update((row.id, row) for row in rows)
        return [msgspec.convert(row, self._entity, from_attributes=True) for row in rows]

    async def add(self, entity: E) -> None:
        entity.version = 1
        row = to_row(self._row, entity)
        self._tx.session.add(row)
        await self._flush()
        self._held[entity.id] = row

    async def save(self, entity: E) -> None:
        held = await self._hold(entity)
        merged = await self._tx.session.merge(to_row(self._row, entity), options=list(self._options))
        # A change in a child alone would not bump the root's version.
        flag_modified(merged, "id")
        await self._flush()
        self._held[entity.id] = merged
        entity.version = held.version

    async def remove(self, entity: E) -> None:
        await self._tx.session.delete(await self._hold(entity))
        await self._flush()
        del self._held[entity.id]

    async def _hold(self, entity: E) -> VersionedRow:
        """The row that the entity was read from. Raises StaleVersion, or the error for a missing one."""
        if entity.id not in self._held:
            await self.get(entity.id)
        held = self._held[entity.id]
        if held.version != entity.version:
            raise StaleVersion
        return held

    async def _flush(self) -> None:
        try:
            with translated():
                await self._tx.session.flush()
        except StaleDataError as error:
            raise StaleVersion from error
        except IntegrityError as error:
            cause = getattr(error.orig, "__cause__", None)
            meant = self._conflicts.get(getattr(cause, "constraint_name", None) or "")
            if meant is None and not isinstance(cause, UniqueViolationError):
                raise
            raise meant or Conflict from error
