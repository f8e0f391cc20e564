"""Every stored column says what it tells of people, and what becomes of it when one of them is erased."""

import importlib
from collections import Counter

import msgspec
import pytest
from msgspec import inspect

from merx.infra.personal_data import TableData
from merx.infra.personal_data import platform as platform_data
from merx.migrations.metadata import metadata
from tests.architecture.test_events import EVENTS
from tests.architecture.tree import contexts, relative

HOW = (
    "Say in {place} what it tells of people: put its name under one word of TABLES (plain, identifier, personal, "
    "secret or financial). docs/privacy.md explains the words."
)
METADATA = metadata()


def place_of(table: str) -> str:
    schema = table.partition(".")[0]
    found = [context for context in contexts() if context.name == schema]
    if found:
        return relative(found[0] / "adapters" / "personal_data.py")
    return "src/merx/infra/personal_data/platform.py"


def classified() -> dict[str, TableData]:
    """All maps of all contexts, by table."""
    mapped = [context.name for context in contexts() if (context / "adapters" / "personal_data.py").exists()]
    modules = [importlib.import_module(f"merx.contexts.{name}.adapters.personal_data") for name in mapped]
    modules.append(platform_data)
    tables = [table for module in modules for table in module.TABLES]
    twice = [name for name, count in Counter(table.table for table in tables).items() if count > 1]
    assert twice == [], "classified twice"
    return {table.table: table for table in tables}


TABLES = classified()


def unclassified(tables: dict[str, TableData]) -> list[str]:
    """One line for each stored column that the map does not name."""
    found = []
    for name, table in METADATA.tables.items():
        named = tables[name].columns() if name in tables else []
        how = HOW.format(place=place_of(name))
        found += [f"{name}.{each.name} is not classified. {how}" for each in table.columns if each.name not in named]
    return found


def test_s37_every_column_is_classified():
    assert unclassified(TABLES) == []


def test_s37_a_column_that_nobody_classified_is_found():
    """The test above can fail: for a new column of a known table, and for a new table."""
    address = TABLES["users.address"]
    without = TABLES | {"users.address": msgspec.structs.replace(address, personal="label")}
    del without["users.consent"]
    found = unclassified(without)
    assert any(
        line.startswith("users.address.address is not classified. Say in src/merx/contexts/users") for line in found
    )
    assert sum(line.startswith("users.consent.") for line in found) == len(METADATA.tables["users.consent"].columns)


def test_s37_the_map_names_nothing_that_is_not_stored():
    gone = [name for name in TABLES if name not in METADATA.tables]
    for name, table in TABLES.items():
        if name in METADATA.tables:
            stored = {column.name for column in METADATA.tables[name].columns}
            gone += [f"{name}.{column}" for column in table.columns() if column not in stored]
            gone += [f"{name}.{column} twice" for column, count in Counter(table.columns()).items() if count > 1]
    assert gone == []


# Each row carries the hash of the one before, and nobody may change any; names and addresses are never written there.
NEVER_CHANGED = {"audit.entry"}


def test_s37_what_tells_of_a_person_is_erased_or_says_why_not():
    silent = []
    for name, table in TABLES.items():
        tells = bool(table.identifier or table.erased() or table.financial)
        if tells and table.erase != "delete" and not table.because:
            silent.append(f"{name} keeps rows about people: say in `because` why, and until when")
        if table.erased() and table.owner == "" and not table.because:
            silent.append(f"{name} has personal columns: say in `owner` whose they are")
        if table.erase == "keep" and table.owner and table.personal and name not in NEVER_CHANGED:
            silent.append(f"{name} keeps what is personal or secret: erase must be blank or delete")
        if table.erase == "blank" and (left := set(table.erased()) - set(table.blank)):
            silent.append(f"{name} keeps rows but does not blank {sorted(left)}")
    assert silent == []


# Text in events that tells nothing of who a person is.
PLAIN_TEXT = set(
    "kind purpose number shipping_name payment_method carrier source code locale slug sku subscriber job product_name"
    " currency status state provider".split()
)


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
    unknown = [name for name in _texts(EVENTS[tag]) if name not in {*platform_data.BLANKS, *PLAIN_TEXT}]
    assert unknown == [], (
        f"{tag}: {unknown}. Put the name into BLANKS of src/merx/infra/personal_data/platform.py when it tells who "
        "a person is, else into PLAIN_TEXT of this test"
    )
