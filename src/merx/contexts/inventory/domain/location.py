"""A place where stock lies."""

from uuid import UUID

from merx.kernel.model import Entity

MAIN_LOCATION = UUID("01980000-0000-7000-8000-000000000001")
"""The place that every shop has from the start."""


class Location(Entity):
    """`priority`: lower numbers are used up first."""

    code: str
    name: str
    priority: int = 0
    active: bool = True
