"""What carts holds of people: a cart of somebody who is gone serves nobody."""

from merx.contexts.carts.domain.cart import Cart
from merx.infra.personal_data import MemoryRows, TableData
from merx.infra.personal_data.memory import Table
from merx.kernel.personal_data import Subject

_OWN = (
    "customer_id = cast(:account_id as uuid) or id = any(cast(:cart_ids as uuid[]))"
    " or (customer_id is null and lower(email) = any(cast(:emails as text[])))"
)

TABLES = (
    TableData(
        table="carts.cart",
        owner=_OWN,
        erase="delete",
    ),
)
TRACES = {"cart_ids": f"select id from carts.cart where {_OWN}"}  # noqa: S608 - fixed text


def _owns(cart: Cart, subject: Subject) -> bool:
    guest = cart.customer_id is None and (cart.email or "").lower() in subject.emails
    return cart.customer_id == subject.account_id or cart.id in subject.cart_ids or guest


def memory_traces(table: Table, subject: Subject) -> Subject:
    own = tuple(cart.id for cart in table("carts.cart").values() if _owns(cart, subject))
    return Subject(account_id=subject.account_id, cart_ids=own)


ROWS = (MemoryRows(table="carts.cart", owns=_owns),)
