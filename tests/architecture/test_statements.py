"""Statements are written at first use; here all of them at once, so that a mistake in one is no surprise at night."""

import importlib
import pkgutil
from collections.abc import Iterator

import merx.contexts
import merx.infra
from merx.infra.postgres import Compiled


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
