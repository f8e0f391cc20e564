"""What customers and staff can ask of an order."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from merx.kernel.model import Command
from merx.kernel.text import LINE

_Words = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\Z")]


class CancelOrder(Command, frozen=True):
    reason: _Words = ""


class ShippedLine(Command, frozen=True):
    line_id: UUID
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)]


class ShipOrder(Command, frozen=True):
    """Without `lines` everything that is open goes."""

    carrier: Annotated[str, Meta(min_length=1, max_length=100, pattern=LINE)]
    tracking_number: Annotated[str, Meta(max_length=100, pattern=r"^[\x20-\x7e]*\Z")] = ""
    lines: Annotated[list[ShippedLine], Meta(max_length=500)] = []


class NoteOnOrder(Command, frozen=True):
    note: Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"^[^\x00]+\Z")]
