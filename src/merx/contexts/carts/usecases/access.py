"""Who may see and change a cart."""

from uuid import UUID

import msgspec

from merx.contexts.carts.api import CartStatus
from merx.contexts.carts.domain.cart import Cart
from merx.contexts.carts.domain.errors import CartNotFound
from merx.kernel.actor import Actor


class Visitor(msgspec.Struct, frozen=True):
    """The caller as one cart meets them. `holds_token` is about that cart."""

    actor: Actor
    holds_token: bool

    @property
    def customer_id(self) -> UUID | None:
        return self.actor.customer_id

    def must_have_a_key(self) -> None:
        """Spares the database a look-up for somebody who cannot own any cart. Raises CartNotFound."""
        if self.customer_id is None and not self.holds_token:
            raise CartNotFound

    def must_own(self, cart: Cart) -> None:
        """A customer's cart is the customer's alone, a guest's the token holder's until it is merged.

        Raises CartNotFound, the same as for a cart that does not exist.
        """
        if cart.customer_id is not None:
            owns = cart.customer_id == self.customer_id
        else:
            owns = self.holds_token and cart.status is not CartStatus.merged
        if not owns:
            raise CartNotFound
