"""Writes a module that the type checker accepts only if every adapter fulfils the port it is named after.

Ports are the Protocols of `ports/` and `api.py`. `PostgresCatalogUow` and `MemoryCatalogUow` claim `CatalogUow` by
name, `OutboxDeadLetterQueries` claims `DeadLetterQueries`; whatever a context's container provides as `api` claims
`<Context>Api`. Nothing has to be registered.
"""

import ast
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.architecture.tree import PACKAGE, container_of, contexts, sources

TECHNOLOGIES = ("Postgres", "Memory", "Outbox")


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def classes(folder: Path) -> dict[str, tuple[str, bool]]:
    """Class name → its module and whether it is a Protocol."""
    found = {}
    for path in sources(folder):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                found[node.name] = (module_of(path), any("Protocol" in ast.unparse(base) for base in node.bases))
    return found


def named_claims(context: Path) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Port (module, name) → adapters (module, name) that claim it by their name."""
    everything = classes(context)
    claims = {}
    for name, (module, is_protocol) in everything.items():
        if is_protocol and not name.endswith("Factory"):
            adapters = [tech + name for tech in TECHNOLOGIES if tech + name in everything]
            claims[(module, name)] = [(everything[adapter][0], adapter) for adapter in adapters]
    return claims


def provided(provider: Any) -> list[type]:
    """The classes behind a provider, through selectors."""
    if hasattr(provider, "providers"):
        return [cls for inner in provider.providers.values() for cls in provided(inner)]
    cls = getattr(provider, "provides", None)
    return [cls] if isinstance(cls, type) else []


def facade_claims(context: Path) -> dict[tuple[str, str], list[tuple[str, str]]]:
    name = f"{context.name.capitalize()}Api"
    if container_of(context) is None or name not in classes(context):
        return {}
    base = f"merx.contexts.{context.name}"
    container = getattr(import_module(f"{base}.container"), f"{context.name.capitalize()}Container")
    facades = provided(getattr(container, "api", None))
    return {(f"{base}.api", name): [(cls.__module__, cls.__name__) for cls in facades]}


def all_claims() -> dict[tuple[str, str], list[tuple[str, str]]]:
    claims = {}
    for context in contexts():
        claims |= named_claims(context) | facade_claims(context)
    return claims


def conformance_module() -> str:
    imports, lines = set(), []
    for (port_module, port), adapters in sorted(all_claims().items()):
        if adapters:
            imports |= {port_module, *(module for module, _ in adapters)}
            names = ", ".join(f"{module}.{name}" for module, name in adapters)
            lines.append(f"_{len(lines)}: list[type[{port_module}.{port}]] = [{names}]")
    return "\n".join([*(f"import {module}" for module in sorted(imports)), "", *lines, ""])


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(conformance_module())
