"""A canary in every stored column that tells of one person, put there by what the columns say of themselves.

Rows that the person has are filled; a table without one gets a row that is made from the catalogue of PostgreSQL.
"""

import json
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec

from merx.contexts.notifications.domain.mail import recipient_hash
from merx.infra.personal_data import TableData
from merx.infra.personal_data.platform import BLANKS
from merx.kernel.address import email_key
from merx.kernel.ids import new_id
from merx.kernel.personal_data import Subject
from merx.migrations.metadata import metadata

MARK = "kanari"
# Where the map keeps words of some kinds of rows, the canary goes into the others.
ONLY = {
    "orders.timeline": "kind <> 'paid'",
    "payments.payment_event": "kind in ('voided', 'reduced', 'failed')",
}
# The law wants them kept with an order.
KEPT_LEAVES = ("country", "region")
# Written by the eraser while it works, and read by it again.
ITS_OWN = "privacy.erasure.subject"
_TEXTUAL = {"text", "character varying", "jsonb", "json", "bytea", "ARRAY"}


class Column(msgspec.Struct, frozen=True):
    name: str
    kind: str
    element: str
    size: int | None


class Canaries:
    """`filled` are the places that have one now."""

    def __init__(self, connection: asyncpg.Connection, subject: Subject, email: str) -> None:
        self._connection = connection
        self._subject = subject
        self._email = email
        self.filled: set[str] = set()

    async def fill(self, tables: dict[str, TableData]) -> None:
        for name in metadata().tables:
            table = tables.get(name)
            if table is None or not table.owner:
                assert table is None or not table.said("personal"), f"{name} has personal columns and no owner"
                continue
            columns = await self.columns(name)
            told = [column for column in columns if column.name in table.erased() and is_textual(column)]
            if told and (table.erase == "keep" or not await self.count(table)):
                await self._insert(table, columns)
                assert await self.count(table), f"the row made for {name} belongs to nobody"
            if table.erase == "keep":
                self.filled |= {f"{name}.{column.name}" for column in told}
                continue
            for column in told:
                if f"{name}.{column.name}" != ITS_OWN:
                    await self._put(table, column)
                    self.filled.add(f"{name}.{column.name}")

    async def columns(self, table: str) -> list[Column]:
        schema, _, name = table.partition(".")
        rows = await self._connection.fetch(
            "select column_name, data_type, udt_name, character_maximum_length from information_schema.columns"
            " where table_schema = $1 and table_name = $2 and is_generated = 'NEVER' order by ordinal_position",
            schema,
            name,
        )
        return [Column(*row) for row in rows]

    async def count(self, table: TableData) -> int:
        found: int = await self._run("fetchval", f"select count(*) from {table.sql_name()} where {table.owner}")
        return found

    async def _put(self, table: TableData, column: Column) -> None:
        where = f"({table.owner}) and {ONLY.get(table.table, 'true')}"
        name, quoted = table.sql_name(), f'"{column.name}"'
        if column.kind in ("json", "jsonb"):
            rows = await self._run("fetch", f"select ctid::text as at, {quoted} as value from {name} where {where}")
            for at, value in rows:
                filled = self._in_json(json.loads(value) if value else {}, events=column.name == "payload")
                done = await self._connection.execute(
                    f"update {name} set {quoted} = $1 where ctid = cast($2::text as tid)", json.dumps(filled), at
                )
                assert done == "UPDATE 1"
        else:
            sql = f"update {name} set {quoted} = {self._sql(column)} where {where} returning 1"
            rows = await self._run("fetch", sql)
        assert rows, f"no row of {name} took a canary in {quoted}"

    def _sql(self, column: Column) -> str:
        if (name := self._found_by(column)) is not None:
            return f"'{name}'"
        text = f"'{MARK} ' || ctid::text"
        if column.kind == "bytea":
            return f"convert_to({text}, 'UTF8')"
        if column.kind == "ARRAY":
            return f"array['{MARK}']"
        return f"left({text}, {column.size})" if column.size else text

    def _found_by(self, column: Column) -> str | None:
        """Rows of guests are found by the e-mail or its digest: these stay what they are, and are looked for."""
        if column.name == "recipient_hash":
            return recipient_hash(self._email)
        if "email" in column.name:
            return email_key(self._email) if column.name.endswith("_key") else self._email
        return None

    def _in_json(self, value: Any, *, events: bool = False) -> Any:
        """Every text in it, however deep. Of news, what the map blanks: their other texts are words of ours."""
        if events:
            told = {key: self._email if "email" in key else f"{MARK} {key}" for key in BLANKS}
            address = {"name": MARK, "line1": MARK, "line2": MARK, "city": MARK, "phone": MARK, "country": "US"}
            return value | told | {"address": address}
        if isinstance(value, dict):
            kept = {key: value[key] for key in KEPT_LEAVES if key in value}
            return {key: self._in_json(each) for key, each in value.items()} | kept | {"canary": MARK}
        if isinstance(value, list):
            return [*(self._in_json(each) for each in value), MARK]
        return MARK if isinstance(value, str) else value

    async def _insert(self, table: TableData, columns: list[Column]) -> None:
        values = {column.name: self._value(table, column) for column in columns}
        names = ", ".join(f'"{name}"' for name in values)
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await self._connection.execute(f"insert into {table.sql_name()} ({names}) values ({places})", *values.values())

    def _value(self, table: TableData, column: Column) -> Any:
        told = column.name in table.erased()
        match column.kind:
            case "uuid":
                return self._subject.account_id if column.name in ("account_id", "actor_id") else new_id()
            case "text" | "character varying" if (name := self._found_by(column)) is not None:
                return name
            case "text" | "character varying" if column.name == "target_id":
                return str(self._subject.account_id)
            case "text" | "character varying":
                return MARK if told else "other"
            case "jsonb" | "json":
                return json.dumps({"canary": MARK} if told else {})
            case "bytea":
                return MARK.encode() if told else b"other"
            case "ARRAY":
                return [MARK] if told else []
            case "bigint" | "integer" | "smallint":
                # Past every sequence.
                return 30_000
            case "boolean":
                return False
            case "timestamp with time zone":
                return datetime(2030, 1, 1, tzinfo=UTC)
        raise AssertionError(f"say how a {column.kind} is made: {table.table}.{column.name}")

    async def _run(self, how: str, sql: str) -> Any:
        """With the names of the person, as the map's conditions expect them."""
        values: list[Any] = []
        for field, value in msgspec.structs.asdict(self._subject).items():
            if f":{field}" in sql:
                values.append(value)
                sql = sql.replace(f":{field}", f"${len(values)}")
        return await getattr(self._connection, how)(sql, *values)


def is_textual(column: Column) -> bool:
    return column.kind in _TEXTUAL and column.element not in ("_uuid", "_int4")


def places_of(tables: dict[str, TableData], columns: dict[str, list[Column]]) -> set[str]:
    """Every place that can hold text and that is called personal or secret, of tables with rows of people."""
    return {
        f"{name}.{column.name}"
        for name, found in columns.items()
        for column in found
        if name in tables and tables[name].owner and column.name in tables[name].erased() and is_textual(column)
    } - {ITS_OWN}
