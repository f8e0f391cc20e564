"""Goods that are counted out of the books: how many one person alone."""

from datetime import timedelta

import msgspec

from merx.kernel.model import Entity

WINDOW = timedelta(hours=24)


class WriteOffLimit(msgspec.Struct, frozen=True):
    """In units of one variant within 24 hours; 0 is no limit."""

    units: int

    def exceeded(self, delta: int, written_off: int) -> bool:
        """`written_off` is what people alone counted out within 24 hours, less what they counted in again there."""
        return bool(self.units) and delta < 0 and written_off - delta > self.units


class Variant(Entity):
    """What a write-off is about; `version` is the sequence of its stock. Sales go on while it waits: no version is
    too old for a difference.
    """
