"""One context's part of a person on PostgreSQL, by the map of its tables."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from merx.infra.personal_data.tables import TableData
from merx.infra.postgres import Compiled, EmailKeys, PostgresUow, compiled
from merx.kernel.personal_data import Section, Subject

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class PostgresPersonalData:
    """Implements privacy's Part. Erasing is one transaction, and a second time it changes nothing.

    `traces` are queries for more names of a person, by field of Subject; `matters` are queries that find a row while
    something is unfinished, by the word for it. `keys` is the table whose rows are traced by e-mail. Rows are erased in
    the order of `tables`.
    """

    def __init__(
        self,
        name: str,
        uow: Callable[[], PostgresUow],
        tables: Sequence[TableData],
        traces: Mapping[str, str] | None = None,
        matters: Mapping[str, str] | None = None,
        keys: EmailKeys | None = None,
    ) -> None:
        self.name = name
        self._uow = uow
        self._keys = keys
        owned = [table for table in tables if table.owner]
        self._shown = [(table.table, _shown(table)) for table in owned]
        self._erased = [_erased(table) for table in owned if table.erase != "keep"]
        self._traces = {field: compiled(sql) for field, sql in (traces or {}).items()}
        self._matters = {word: compiled(f"select exists ({sql})") for word, sql in (matters or {}).items()}

    async def traces(self, subject: Subject) -> Subject:
        found: dict[str, tuple[Any, ...]] = {}
        async with self._uow() as uow:
            if self._keys is not None:
                await self._keys.fill(uow.tx)
            for field, statement in self._traces.items():
                rows = await uow.tx.fetch(statement, **msgspec.structs.asdict(subject))
                found[field] = tuple(row[0] for row in rows)
            await uow.commit()
        return subject.also(Subject(account_id=subject.account_id, **found))

    async def matters(self, subject: Subject) -> list[str]:
        async with self._uow() as uow:
            names = msgspec.structs.asdict(subject)
            return [word for word, statement in self._matters.items() if await uow.tx.fetchval(statement, **names)]

    async def export(self, subject: Subject) -> list[Section]:
        """What there was at one moment: all tables are read in one snapshot."""
        async with self._uow() as uow:
            await uow.tx.execute(_ONE_SNAPSHOT)
            names = msgspec.structs.asdict(subject)
            return [
                Section(table, [_decode(row[0]) for row in await uow.tx.fetch(statement, **names)])
                for table, statement in self._shown
            ]

    async def erase(self, subject: Subject) -> None:
        names = msgspec.structs.asdict(subject)
        async with self._uow() as uow:
            for statement in self._erased:
                await uow.tx.execute(statement, **names)
            await uow.commit()


_ONE_SNAPSHOT = compiled("set transaction isolation level repeatable read, read only")


def _shown(table: TableData) -> Compiled:
    columns = ", ".join(
        f'{table.shown[column]} as "{column}"' if column in table.shown else f'"{column}"'
        for column in table.exported()
    )
    # As JSON, for PostgreSQL knows best how each of its types is written.
    return compiled(
        f"select to_jsonb(shown) from (select {columns} from {table.sql_name()} where {table.owner} order by 1) shown"  # noqa: S608 - names and conditions of the map
    )


def _erased(table: TableData) -> Compiled:
    if table.erase == "delete":
        return compiled(f"delete from {table.sql_name()} where {table.owner}")  # noqa: S608 - names and conditions of the map
    columns, values = _list(table.blank), ", ".join(table.blank.values())
    changes = [f'"{column}" = {value}' for column, value in table.blank.items()]
    if "version" in table.said("plain"):
        # Whoever read the row before must not write the person back.
        changes.append("version = version + 1")
    return compiled(
        f"update {table.sql_name()} set {', '.join(changes)}"  # noqa: S608 - names and conditions of the map
        f" where ({table.owner}) and ({columns}) is distinct from ({values})"
    )


def _list(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
