"""An entry of somebody's address book. Carts and orders keep copies: an edit here never changes an order."""

from datetime import datetime
from uuid import UUID

from merx.kernel.address import Address
from merx.kernel.model import Entity

MAX_ADDRESSES = 50
# What only those read who look at the person.
PERSONAL = frozenset({"label", "address"})


class SavedAddress(Entity, kw_only=True):
    """At most one default of each use in a book; the storage holds that."""

    account_id: UUID
    label: str = ""
    address: Address
    default_shipping: bool = False
    default_billing: bool = False
    created_at: datetime

    def give_way_to(self, other: "SavedAddress") -> bool:
        """Is no default any more where the other one is. Whether that changed anything."""
        held = self.default_shipping, self.default_billing
        self.default_shipping = self.default_shipping and not other.default_shipping
        self.default_billing = self.default_billing and not other.default_billing
        return held != (self.default_shipping, self.default_billing)
