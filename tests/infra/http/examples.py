"""A valid example of any type that a route takes, made from the type alone."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import inspect

from merx.kernel.ids import new_id

# Tried in turn for a string with a pattern; add one when a new pattern matches none.
_WORDS = (
    "a", "abc", "USD", "US", "en", "abc-1", "ABC-1", "someone@example.com", "2026-01-01", "2026-01-01T00:00:00Z",
    "12345", "560001", "+12025550100", "10:00", "abcdefgh", "abcdefghijkl", "orders:read", "#aabbcc", "a.b", "a_b",
    "/a", "a b c d e f g", "https://example.com/a", "A", "1", "abc.def-ghi.v1", "0190163d8694739ba4e2ab2be0e6ee5e",
    "correct horse battery staple", "123456",
)  # fmt: skip


class NoExample(Exception):
    """No example is known for a type; the text says for which."""


def example(kind: Any) -> Any:
    """JSON-ready data that decodes as `kind`: required fields only."""
    return _example(inspect.type_info(kind))


def _example(info: inspect.Type) -> Any:
    match info:
        case inspect.Metadata():
            return _example(info.type)
        case inspect.StructType():
            fields = {field.encode_name: _example(field.type) for field in info.fields if field.required}
            return fields | ({info.tag_field: info.tag} if info.tag_field else {})
        case inspect.StrType():
            return _text(info)
        case inspect.IntType():
            low = info.ge if info.ge is not None else (info.gt + 1 if info.gt is not None else None)
            return low if low is not None and low > 1 else 1
        case inspect.FloatType():
            return float(info.ge or 1.0)
        case inspect.BoolType():
            return True
        case inspect.NoneType():
            return None
        case inspect.UUIDType():
            return str(new_id())
        case inspect.DateTimeType():
            return "2031-01-01T00:00:00Z"
        case inspect.DateType():
            return "2031-01-01"
        case inspect.DecimalType():
            return "1"
        case inspect.EnumType():
            return next(iter(info.cls)).value
        case inspect.LiteralType():
            return info.values[0]
        case inspect.ListType() | inspect.SetType() | inspect.FrozenSetType() | inspect.VarTupleType():
            return [_example(info.item_type) for _ in range(info.min_length or 1)]
        case inspect.TupleType():
            return [_example(item) for item in info.item_types]
        case inspect.DictType():
            return {}
        case inspect.UnionType():
            return _example(next(item for item in info.types if not isinstance(item, inspect.NoneType)))
        case inspect.AnyType() | inspect.RawType():
            return {}
    raise NoExample(str(info))


def _text(info: inspect.StrType) -> str:
    low, high = info.min_length or 0, info.max_length or 10_000
    for word in (*_WORDS, "a" * low):
        if low <= len(word) <= high and (info.pattern is None or re.search(info.pattern, word)):
            return word
    raise NoExample(f"no word of {low} to {high} characters for {info.pattern}")


class Place(msgspec.Struct, frozen=True):
    """Somewhere in a body: the keys and indexes that lead there, and what is taken there."""

    steps: tuple[str | int, ...]
    kind: inspect.Type

    def __str__(self) -> str:
        return ".".join(map(str, self.steps)) or "body"

    def put(self, body: Any, value: Any) -> Any:
        """A copy of the body with another value here; what leads here must exist."""
        return _put(body, self.steps, value)


def _put(data: Any, steps: tuple[str | int, ...], value: Any) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(data, dict):
        return data | {step: _put(data.get(step), rest, value)}
    return [_put(item, rest, value) if i == step else item for i, item in enumerate(data)]


def leads_to(body: Any, steps: tuple[str | int, ...]) -> bool:
    """Whether the body has a place for what the last step names."""
    for step in steps[:-1]:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return False
    return isinstance(body, dict | list)


def structs_in(kind: Any) -> list[tuple[Place, Any, list[inspect.Field]]]:
    """Every struct of a body: where it is, a whole body that has it, and its fields."""
    return list(_structs(inspect.type_info(kind), (), lambda value: value))


def _structs(info: inspect.Type, steps: tuple[str | int, ...], whole: Callable[[Any], Any]) -> Iterator[Any]:
    while isinstance(info, inspect.Metadata):
        info = info.type
    if len(steps) > 6:
        return
    match info:
        case inspect.StructType():
            value = _example(info)
            yield Place(steps, info), whole(value), list(info.fields)
            for field in info.fields:
                name = field.encode_name
                yield from _structs(field.type, (*steps, name), lambda inner, name=name: whole(value | {name: inner}))
        case inspect.ListType() | inspect.VarTupleType():
            yield from _structs(info.item_type, (*steps, 0), lambda inner: whole([inner]))
        case inspect.UnionType():
            for item in info.types:
                yield from _structs(item, steps, whole)


def takes(info: inspect.Type, kind: type) -> bool:
    """Whether values of this msgspec kind (`inspect.StrType`) are among what the type takes."""
    if isinstance(info, inspect.Metadata):
        return takes(info.type, kind)
    if isinstance(info, inspect.UnionType):
        return any(takes(item, kind) for item in info.types)
    return isinstance(info, kind | inspect.AnyType | inspect.RawType)
