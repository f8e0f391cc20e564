"""Every stored column says what it tells of people, and what becomes of it when one of them is erased."""

import importlib
import json
from collections import Counter

import pytest
from msgspec import inspect
from sqlalchemy import Column, MetaData, Table, Text, Uuid

from merx.infra.personal_data import TableData
from merx.infra.personal_data import platform as platform_data
from merx.infra.postgres import PERSONAL, PLAIN
from merx.infra.postgres.words import word_of
from merx.migrations.metadata import metadata
from tests.architecture.test_events import EVENTS, PAYLOADS
from tests.architecture.tree import contexts, relative

WORDS = ("plain", "identifier", "personal", "secret", "financial")
HOW = (
    "Say at the column what it tells of people, with info=PLAIN or another word of merx.infra.postgres: docs/privacy.md"
)
METADATA = metadata()


def place_of(table: str) -> str:
    schema = table.partition(".")[0]
    found = [context for context in contexts() if context.name == schema]
    if found:
        return relative(found[0] / "adapters" / "personal_data.py")
    return "src/merx/infra/personal_data/platform.py"


def entries() -> dict[str, TableData]:
    """What all contexts say becomes of their tables, by table."""
    mapped = [context.name for context in contexts() if (context / "adapters" / "personal_data.py").exists()]
    modules = [importlib.import_module(f"merx.contexts.{name}.adapters.personal_data") for name in mapped]
    modules.append(platform_data)
    tables = [table for module in modules for table in module.TABLES]
    twice = [name for name, count in Counter(table.table for table in tables).items() if count > 1]
    assert twice == [], "two entries of one table"
    return {table.table: table for table in tables}


TABLES = entries()


def unclassified(metadata: MetaData) -> list[str]:
    """One line for each stored column that says no word."""
    columns = [column for table in metadata.tables.values() for column in table.columns]
    return [f"{column} says nothing. {HOW}" for column in columns if word_of(column) not in WORDS]


def without_entry(metadata: MetaData, tables: dict[str, TableData]) -> list[str]:
    """One line for each table that tells of people, and of which nobody said what becomes of its rows."""
    said = {name: {word_of(column) for column in table.columns} for name, table in metadata.tables.items()}
    return [
        f"{name} tells of people: say in {place_of(name)} what becomes of its rows"
        for name, words in said.items()
        if words & {"identifier", "personal", "secret", "financial"} and name not in tables
    ]


def test_s37_every_column_is_classified():
    assert unclassified(METADATA) == []
    assert without_entry(METADATA, TABLES) == []


def test_s37_a_column_that_nobody_classified_is_found():
    """The test above can fail: for a column without a word, with one that does not exist, and for a new table."""
    toys = MetaData()
    Table("plain", toys, Column("id", Uuid, info=PLAIN), Column("email", Text), schema="users")
    Table("person", toys, Column("id", Uuid, info=PLAIN), Column("name", Text, info=PERSONAL), schema="users")
    Table("lost", toys, Column("name", Text, info={"tells": "nothing"}), schema="nowhere")
    assert [line.split(" ")[0] for line in unclassified(toys)] == ["plain.email", "lost.name"]
    [found] = without_entry(toys, {})
    assert found.startswith("users.person tells of people: say in src/merx/contexts/users/adapters/personal_data.py")
    assert len(without_entry(METADATA, {})) == len(TABLES)


def test_s37_entries_are_of_stored_tables_and_blank_stored_columns():
    gone = [name for name in TABLES if name not in METADATA.tables]
    for name, table in TABLES.items():
        if name in METADATA.tables:
            stored = {column.name for column in METADATA.tables[name].columns}
            gone += [f"{name}.{column}" for column in {*table.blank, *table.shown} - stored]
    assert gone == []


# Each row carries the hash of the one before, and nobody may change any; names and addresses are never written there.
NEVER_CHANGED = {"audit.entry"}


def test_s37_what_tells_of_a_person_is_erased_or_says_why_not():
    silent = []
    for name, table in TABLES.items():
        if (
            table.said("identifier", "personal", "secret", "financial")
            and table.erase != "delete"
            and not table.because
        ):
            silent.append(f"{name} keeps rows about people: say in `because` why, and until when")
        if table.erased() and table.owner == "" and not table.because:
            silent.append(f"{name} has personal columns: say in `owner` whose they are")
        if table.erase == "keep" and table.owner and table.said("personal") and name not in NEVER_CHANGED:
            silent.append(f"{name} keeps what is personal or secret: erase must be blank or delete")
        if table.erase == "blank" and (left := set(table.erased()) - set(table.blank)):
            silent.append(f"{name} keeps rows but does not blank {sorted(left)}")
    assert silent == []


def _is_text(kind: inspect.Type) -> bool:
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    if isinstance(kind, inspect.UnionType):
        return any(map(_is_text, kind.types))
    return isinstance(kind, inspect.StrType)


def _texts(kind: type) -> list[str]:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return [field.encode_name for field in info.fields if _is_text(field.type)]


@pytest.mark.parametrize("tag", EVENTS)
def test_s37_text_in_events_is_blanked_or_plain(tag: str):
    """Events about a person are kept for days; their payload is a column like any other."""
    unknown = [name for name in _texts(EVENTS[tag]) if name not in {*platform_data.BLANKS, *platform_data.PLAIN_TEXT}]
    assert unknown == [], (
        f"{tag}: {unknown}. Put the name into BLANKS of src/merx/infra/personal_data/platform.py when it tells who "
        "a person is, else into PLAIN_TEXT there"
    )


def test_s27_whoever_repairs_the_shop_sees_nobody_in_an_event():
    """Of every event that was published, as it is shown with a dead letter."""
    told = 0
    for tag, payload in json.loads(PAYLOADS.read_text()).items():
        shown = platform_data.without_people(json.dumps(payload))
        assert shown["id"] == payload["id"], tag
        assert shown["at"] == payload["at"], tag
        for name in {*platform_data.BLANKS, "address"} & payload.keys():
            texts = [*payload[name].values()] if isinstance(payload[name], dict) else [payload[name]]
            seen = [*shown[name].values()] if isinstance(payload[name], dict) else [shown[name]]
            assert all(after == "***" for before, after in zip(texts, seen, strict=True) if before), f"{tag}: {name}"
            told += 1
    assert told > 10, "no event tells of anybody: this test looks at nothing"
    odd = '{"lines": [{"note": "for Ada", "sku": "L-1", "quantity": 2}], "grown": {"of": ["Ada", 1, null, true, ""]}}'
    assert platform_data.without_people(odd) == {
        "lines": [{"note": "***", "sku": "L-1", "quantity": 2}],
        "grown": {"of": ["***", 1, None, True, ""]},
    }
