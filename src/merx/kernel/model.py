"""The four kinds of struct that everything is made of (architecture: structs without triple writing)."""

from datetime import datetime
from uuid import UUID

import msgspec

from merx.kernel.ids import new_id


class Value(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A value object: domain value, wire format and column type in one."""


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody asks for: request body, use-case input and CLI input in one. Its repr tells nothing of it."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"


class View(msgspec.Struct, frozen=True):
    """A row as a screen shows it: SQL select list and response body in one.

    Positional in column order, so that `View(*row)` works.
    """


class Entity(msgspec.Struct, kw_only=True, eq=False):
    """An aggregate root. `version` counts saves and guards against lost updates; it starts at 0 = never saved.

    Its repr is its id: an exception or a log line that names it tells of nobody.
    """

    id: UUID
    version: int = 0

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id})"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact other contexts may hear. Subclasses set `tag="context.name.v1"`; fields are only ever added.

    Its repr is its id, as that of an entity.
    """

    at: datetime
    id: UUID = msgspec.field(default_factory=new_id)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id})"

    @classmethod
    def tag(cls) -> str:
        """The published name, `orders.order-placed.v1`."""
        tag = cls.__struct_config__.tag
        if not isinstance(tag, str):
            raise TypeError(f"{cls.__name__} is published without a tag")
        return tag
