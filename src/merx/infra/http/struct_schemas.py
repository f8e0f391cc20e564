"""Schemas of structs as msgspec describes them: what the decoder refuses, the document forbids.

Litestar's own description of a struct loses that unknown fields are refused, and the limits of optional fields, of the
items of lists and of the values of mappings.
"""

import re
from collections.abc import Collection, Iterable
from typing import Any

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar._openapi.schema_generation.plugins.struct import StructSchemaPlugin
from litestar.openapi.spec import Schema
from litestar.typing import FieldDefinition

Json = dict[str, Any]

_PLACE = "#/components/schemas/"
_GENERIC = re.compile(r"([A-Za-z0-9]+)_(?:[\w.]+\.)?([A-Za-z0-9]+)_\Z")


class SeenStructs(StructSchemaPlugin):
    """Remembers the structs that Litestar writes down."""

    def __init__(self) -> None:
        self.seen: dict[Any, None] = {}

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:
        self.seen[field_definition.annotation] = None
        return super().to_openapi_schema(field_definition, schema_creator)


def public_names(names: Collection[str]) -> dict[str, str]:
    """`Page_merx.contexts.orders.ports.OrderSummary_` is `OrderSummaryPage`: module paths are nobody's business."""
    wanted = {name: found[2] + found[1] for name in names if (found := _GENERIC.match(name))}
    return {old: new for old, new in wanted.items() if new not in names and list(wanted.values()).count(new) == 1}


def described(structs: Iterable[Any], names: Collection[str]) -> Json:
    """The schemas of these structs under the names that the document has for them.

    Raises RuntimeError for a struct that has none: its limits would be missing.
    """
    _, found = msgspec.json.schema_components(structs, ref_template=_PLACE + "{name}")
    renamed = public_names(found)
    wanted = {name: _name_in(names, renamed.get(name, name)) for name in found}
    return {wanted[name]: _referring(schema, wanted) for name, schema in found.items()}


def _name_in(names: Collection[str], name: str) -> str:
    """Two structs of one name are told apart by msgspec with the whole path, by Litestar with the end of it."""
    full = name.replace(".", "_")
    for known in names:
        if full == known or full.endswith(f"_{known}"):
            return known
    raise RuntimeError(f"the document has no schema for {name}")


def _referring(value: Any, names: dict[str, str]) -> Any:
    """With these names, and docstrings as one paragraph."""
    if isinstance(value, list):
        return [_referring(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    schema = {key: _referring(item, names) for key, item in value.items()}
    if isinstance(reference := value.get("$ref"), str):
        schema["$ref"] = _PLACE + names[reference.removeprefix(_PLACE)]
    if isinstance(text := value.get("description"), str):
        schema["description"] = " ".join(text.split())
    return schema
