"""What edits of all kinds share: they are of the version that was read, and change the fields that were sent."""

from collections.abc import Collection

import msgspec
from msgspec import UNSET

from merx.kernel.errors import StaleVersion
from merx.kernel.model import Entity


def same_version(entity: Entity, version: int | None) -> None:
    """Raises StaleVersion when the caller edited another version than the present one. None is any version."""
    if version is not None and version != entity.version:
        raise StaleVersion


def set_given(thing: msgspec.Struct, edit: msgspec.Struct, but: Collection[str] = ()) -> None:
    """Copy the fields that the edit sets; both sides name them alike. Those in `but` are for the caller."""
    for field in edit.__struct_fields__:
        value = getattr(edit, field)
        if value is not UNSET and field not in but:
            setattr(thing, field, value)
