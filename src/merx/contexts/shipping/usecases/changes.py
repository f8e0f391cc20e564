"""What all changes by staff share."""

from msgspec import UNSET

from merx.kernel.errors import StaleVersion
from merx.kernel.model import Command, Entity


def same_version(entity: Entity, version: int | None) -> None:
    """Raises StaleVersion when the caller edited another version than the present one. None is any version."""
    if version is not None and version != entity.version:
        raise StaleVersion


def apply(cmd: Command, entity: Entity) -> None:
    """Copy the fields that the command sets; both sides name them alike."""
    for field in cmd.__struct_fields__:
        value = getattr(cmd, field)
        if value is not UNSET:
            setattr(entity, field, value)
