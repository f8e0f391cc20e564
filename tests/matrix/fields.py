"""Which fields an answer may have: what the OpenAPI document says, and for whom.

`python -m tests.matrix.fields` writes the list of fields by role anew.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from tests.architecture.tree import ROOT
from tests.matrix.callers import PROGRAMS, STAFF, TRUSTED

SNAPSHOT = ROOT / "tests" / "architecture" / "openapi.json"
GOLDEN = Path(__file__).with_name("fields.txt")
# Whom a rule lets in, from those who show nothing to those who show most.
ROLES = {
    "public": "anybody",
    "guest_or_owner": "guest with the token",
    "customer": "customer",
    "signed_in": "signed in",
    "staff": "staff with the right",
}
# Parts of public answers, and who is shown them.
FOR_STAFF = {"VariantStock": TRUSTED, "LevelView": TRUSTED, "Check": (*STAFF, *PROGRAMS)}
_METHODS = ("get", "post", "put", "patch", "delete")

Json = dict[str, Any]


@cache
def document() -> Json:
    """The published one; that it is the present one is another test."""
    found: Json = msgspec.json.decode(SNAPSHOT.read_bytes())
    return found


def operations() -> Iterator[tuple[str, Json]]:
    for path, item in document()["paths"].items():
        for method in _METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def answers_of(operation: Json) -> Iterator[tuple[str, Json]]:
    """Status and schema of the good answers with a body."""
    for status, response in operation["responses"].items():
        for media in response.get("content", {}).values() if status.startswith("2") else ():
            yield status, media.get("schema", {})


def good_answers(operation: Json, status: int) -> list[Json]:
    return [schema for each, schema in answers_of(operation) if each == str(status)]


def _target(schema: Json) -> tuple[str, Json]:
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    return name, document()["components"]["schemas"][name] if name else schema


def _inner(schema: Json) -> Iterator[Json]:
    for key in ("oneOf", "anyOf", "allOf", "prefixItems"):
        yield from schema.get(key, ())
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield schema[key]
    yield from schema.get("properties", {}).values()


def structs_below(schema: Json, seen: dict[str, list[str]]) -> None:
    """Adds every named struct that the schema leads to, with its fields."""
    name, schema = _target(schema)
    if name in seen:
        return
    if name and "properties" in schema:
        seen[name] = sorted(schema["properties"])
    for inner in _inner(schema):
        structs_below(inner, seen)


def by_role() -> str:
    """Every role with the structs that it reads, one a line; of staff only what nobody else reads."""
    lines = []
    for rule, role in ROLES.items():
        seen: dict[str, list[str]] = {}
        for _, operation in operations():
            for _, schema in answers_of(operation) if rule in (operation["x-access"], "staff") else ():
                structs_below(schema, seen)
        if rule != "staff":
            seen = {name: fields for name, fields in seen.items() if name not in FOR_STAFF}
        else:
            seen = {name: fields for name, fields in seen.items() if not any(f"| {name}: " in line for line in lines)}
        lines += [f"{role} | {name}: {', '.join(fields)}" for name, fields in sorted(seen.items())]
    return "\n".join(lines) + "\n"


def undeclared(value: Any, schemas: list[Json], hidden: set[str] = frozenset(), at: str = "") -> Iterator[str]:
    """Keys of an answer that none of these schemas declares. `hidden` structs declare nothing."""
    spread = list(_alternatives(schemas, hidden))
    # What says no type may be anything: the values of a change in the audit trail.
    if any(not each.keys() - {"title", "description", "default"} for each in spread):
        return
    if isinstance(value, list):
        items = [each["items"] for each in spread if "items" in each]
        for item in value:
            yield from undeclared(item, items, hidden, at)
    elif isinstance(value, dict):
        free = [each["additionalProperties"] for each in spread if isinstance(each.get("additionalProperties"), dict)]
        for key, inner in value.items():
            known = [each["properties"][key] for each in spread if key in each.get("properties", {})] or free
            if known:
                yield from undeclared(inner, known, hidden, f"{at}.{key}")
            else:
                yield f"{at}.{key}".removeprefix(".")


def _alternatives(schemas: list[Json], hidden: set[str]) -> Iterator[Json]:
    for schema in schemas:
        name, found = _target(schema)
        if name in hidden:
            continue
        choices = [each for key in ("oneOf", "anyOf", "allOf") for each in found.get(key, ())]
        if choices:
            yield from _alternatives(choices, hidden)
        else:
            yield found


if __name__ == "__main__":
    GOLDEN.write_text(by_role())
