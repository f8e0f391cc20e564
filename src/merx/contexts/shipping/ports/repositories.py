"""What shipping needs of its storage to change zones, methods and rates."""

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from merx.contexts.shipping.domain.method import Method
from merx.contexts.shipping.domain.rate import Rate
from merx.contexts.shipping.domain.zone import Zone
from merx.kernel.ports import Repository, UnitOfWork


class ShippingUow(UnitOfWork, Protocol):
    """Unique: a zone's name, a method's code in its zone, a rate's currency in its method."""

    @property
    def zones(self) -> Repository[Zone]: ...

    @property
    def methods(self) -> Repository[Method]: ...

    @property
    def rates(self) -> Repository[Rate]: ...

    async def zone_named(self, name: str) -> Zone | None: ...

    async def has_methods(self, zone_id: UUID) -> bool: ...

    async def has_rates(self, method_id: UUID) -> bool: ...


ShippingUowFactory = Callable[[], ShippingUow]
