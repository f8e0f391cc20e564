"""Rows fit the structs they store, and a context keeps to its own schema."""

import importlib
import inspect
from functools import cache

import msgspec
import pytest
from sqlalchemy.orm import class_mapper

from merx.infra.postgres import Base
from merx.kernel.model import Entity
from tests.architecture.port_conformance import module_of
from tests.architecture.tree import contexts, sources

# The platform's own schema: outbox, idempotency keys, jobs.
PLATFORM = "platform"


def _classes(place):
    """Classes defined in a folder or a module, where it exists."""
    for path in sources(place) if place.is_dir() else [place] if place.exists() else []:
        module = importlib.import_module(module_of(path))
        for cls in vars(module).values():
            if inspect.isclass(cls) and cls.__module__ == module.__name__:
                yield cls


@cache
def _rows(context):
    adapters = context / "adapters"
    found = [*_classes(adapters / "postgres"), *_classes(adapters / "postgres.py")]
    return {cls.__name__: cls for cls in found if issubclass(cls, Base) and hasattr(cls, "__table__")}


def _stored():
    """Each aggregate, and each child struct, with the row of its name."""
    for context in contexts():
        rows = _rows(context)
        for cls in _classes(context / "domain"):
            if issubclass(cls, msgspec.Struct) and f"{cls.__name__}Row" in rows:
                yield pytest.param(cls, rows[f"{cls.__name__}Row"], id=f"{context.name}.{cls.__name__}")


STORED = list(_stored())
ROWS = [pytest.param(context.name, row, id=row.__name__) for context in contexts() for row in _rows(context).values()]


@pytest.mark.parametrize(("struct", "row"), STORED)
def test_every_field_of_the_struct_is_stored(struct, row):
    mapped = set(class_mapper(row).attrs.keys())
    assert set(struct.__struct_fields__) <= mapped, f"{row.__name__} would lose them silently"


@pytest.mark.parametrize(("struct", "row"), [case for case in STORED if issubclass(case.values[0], Entity)])
def test_aggregates_are_guarded_against_lost_updates(struct, row):
    assert class_mapper(row).version_id_col is not None, f"{row.__name__} saves over the work of others"


@pytest.mark.parametrize(("context", "row"), ROWS)
def test_tables_stay_in_the_schema_of_their_context(context, row):
    table = row.__table__
    assert table.schema in {context, PLATFORM}
    foreign = {key.column.table.schema for key in table.foreign_keys}
    assert foreign <= {table.schema}, "a foreign key to another context ties two contexts together"


@pytest.mark.parametrize(("context", "row"), ROWS)
def test_relations_are_loaded_on_purpose(context, row):
    lazy = {name: relation.lazy for name, relation in class_mapper(row).relationships.items()}
    assert set(lazy.values()) <= {"raise"}, "an unloaded relation must fail, not load one row at a time"
