"""One context's part of a person in memory. Tables of the store are shaped by their adapters, so each says how."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from merx.infra.memory import MemoryTable, MemoryTx, MemoryUow
from merx.infra.personal_data.tables import TableData
from merx.kernel.model import Entity
from merx.kernel.money import Money
from merx.kernel.personal_data import Section, Subject

Shown = Iterable[tuple[str, dict[str, Any]]]
Table = Callable[[str], MemoryTable[Any]]


class MemoryRows(msgspec.Struct, frozen=True, kw_only=True):
    """One table of the store.

    `owns` finds the rows of a person. `forget` gives the row without the person; without it the row goes. `shown` gives
    what the row is in the tables of PostgreSQL: table and values; without it the row is one of the table itself.
    """

    table: str
    owns: Callable[[Any, Subject], bool]
    erase: bool = True
    forget: Callable[[Any], Any] | None = None
    shown: Callable[[Any, Subject], Shown] | None = None


class MemoryPersonalData:
    """Implements privacy's Part as PostgresPersonalData does; `tables` says which columns are shown."""

    def __init__(
        self,
        name: str,
        uow: Callable[[], MemoryUow],
        tables: Sequence[TableData],
        rows: Sequence[MemoryRows],
        traces: Callable[[Table, Subject], Subject] | None = None,
        matters: Callable[[Table, Subject], list[str]] | None = None,
    ) -> None:
        self.name = name
        self._uow = uow
        self._columns = {table.table: table.exported() for table in tables if table.owner}
        self._rows = rows
        self._traces = traces
        self._matters = matters

    async def traces(self, subject: Subject) -> Subject:
        if self._traces is None:
            return subject
        async with self._uow() as uow:
            return subject.also(self._traces(uow.tx.table, subject))

    async def matters(self, subject: Subject) -> list[str]:
        if self._matters is None:
            return []
        async with self._uow() as uow:
            return self._matters(uow.tx.table, subject)

    async def export(self, subject: Subject) -> list[Section]:
        found: dict[str, list[dict[str, Any]]] = {table: [] for table in self._columns}
        async with self._uow() as uow:
            for rows in self._rows:
                for _, row in _owned(uow.tx, rows, subject):
                    for table, values in rows.shown(row, subject) if rows.shown else [(rows.table, values_of(row))]:
                        found[table].append(self._picked(table, values))
        return [Section(table, rows) for table, rows in found.items()]

    async def erase(self, subject: Subject) -> None:
        async with self._uow() as uow:
            for rows in self._rows:
                for key, row in _owned(uow.tx, rows, subject) if rows.erase else []:
                    if rows.forget is None:
                        uow.tx.table(rows.table).delete(key)
                    else:
                        _forget(uow.tx.table(rows.table), key, row, rows.forget)
            await uow.commit()

    def _picked(self, table: str, values: dict[str, Any]) -> dict[str, Any]:
        return {column: values[column] for column in self._columns[table] if column in values}


def _owned(tx: MemoryTx, rows: MemoryRows, subject: Subject) -> list[tuple[Any, Any]]:
    return [(key, row) for key, row in tx.table(rows.table).items() if rows.owns(row, subject)]


def _forget(table: MemoryTable[Any], key: Any, row: Any, forget: Callable[[Any], Any]) -> None:
    before = msgspec.to_builtins(row)
    left = forget(row)
    if msgspec.to_builtins(left) != before:
        if isinstance(left, Entity):
            # Whoever read it before must not write the person back.
            left.version += 1
        table.put(key, left)


def values_of(row: msgspec.Struct, **more: Any) -> dict[str, Any]:
    """A struct as the columns that PostgreSQL keeps it in."""
    found: dict[str, Any] = {}
    for field, value in (msgspec.structs.asdict(row) | more).items():
        if isinstance(value, Money):
            found |= {f"{field}_amount": value.amount, f"{field}_currency": value.currency}
        else:
            found[field] = msgspec.to_builtins(value)
    return found
