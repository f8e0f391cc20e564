"""A place where stock lies."""

from merx.kernel.model import Entity


class Location(Entity):
    """`priority`: lower numbers are used up first."""

    code: str
    name: str
    priority: int = 0
    active: bool = True
