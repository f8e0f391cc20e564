"""Every table of every context, for comparing the models with the migrated schema and for writing new versions."""

import importlib.util
import pkgutil

from sqlalchemy import MetaData

from merx import contexts
from merx.infra.audit import tables as audit_tables
from merx.infra.idempotency import tables as idempotency_tables
from merx.infra.outbox import tables as outbox_tables
from merx.infra.postgres.columns import Base

# Imported for what they register.
_PLATFORM = (outbox_tables, idempotency_tables, audit_tables)


def metadata() -> MetaData:
    """Imports `merx.contexts.*.adapters.postgres*` and returns the metadata that they filled."""
    for context in pkgutil.iter_modules(contexts.__path__, f"{contexts.__name__}."):
        adapters = f"{context.name}.adapters"
        if importlib.util.find_spec(adapters) is None:
            continue
        package = importlib.import_module(adapters)
        for module in pkgutil.walk_packages(getattr(package, "__path__", []), f"{adapters}."):
            if module.name.removeprefix(f"{adapters}.").startswith("postgres"):
                importlib.import_module(module.name)
    return Base.metadata


def schemas() -> set[str]:
    """The PostgreSQL schemas that belong to us."""
    return {table.schema for table in metadata().tables.values() if table.schema}


def ours(name: str | None, kind: str, _: object) -> bool:
    """Alembic's `include_name`: leaves the schemas of extensions and of other programs alone."""
    return kind != "schema" or name in schemas()
