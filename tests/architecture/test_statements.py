"""Statements are written at first use; here all of them at once, so that a mistake in one is no surprise at night."""

import importlib
import pkgutil
from collections.abc import Iterator

import merx.contexts
import merx.infra
from merx.infra.postgres import Compiled
from tests.architecture.tree import CONTEXTS, relative, sources


def statements() -> Iterator[tuple[str, Compiled]]:
    for package in (merx.contexts, merx.infra):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for name, value in vars(importlib.import_module(found.name)).items():
                for each in value.values() if isinstance(value, dict) else (value,):
                    if isinstance(each, Compiled):
                        yield f"{found.name}.{name}", each


def test_every_statement_can_be_written():
    written = {name: each.sql for name, each in statements()}
    assert len(written) > 140
    assert [name for name, sql in written.items() if not sql.strip()] == []


def test_the_orm_is_asked_through_the_transaction():
    """`tx.session` raises what SQLAlchemy raises when the database is away; `tx.scalar` and `tx.scalars` tell it."""
    bare = [relative(path) for path in sources(CONTEXTS) if "tx.session." in path.read_text()]
    assert bare == []
