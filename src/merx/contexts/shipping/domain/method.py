"""A way of sending parcels into one zone."""

from uuid import UUID

from merx.contexts.shipping.domain.errors import InvalidMethod
from merx.kernel.errors import FieldError
from merx.kernel.model import Entity


class Method(Entity):
    """`code` names the method inside its zone and never changes. Days are working days until delivery."""

    zone_id: UUID
    code: str
    name: str
    days_min: int
    days_max: int
    active: bool = True

    def settle(self) -> None:
        """Raises InvalidMethod."""
        if self.days_min > self.days_max:
            raise InvalidMethod(
                "the shortest time is longer than the longest",
                fields=(FieldError("days_min", "must not be above days_max"),),
            )
