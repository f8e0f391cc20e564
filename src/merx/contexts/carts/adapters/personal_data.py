"""What carts holds of people: a cart of somebody who is gone serves nobody."""

from collections.abc import Iterator
from typing import Any

from merx.contexts.carts.domain.cart import Cart
from merx.infra.personal_data import MemoryRows, TableData, values_of
from merx.infra.personal_data.memory import Table
from merx.kernel.address import email_key
from merx.kernel.personal_data import Subject

_OWN = (
    "customer_id = cast(:account_id as uuid) or id = any(cast(:cart_ids as uuid[]))"
    " or (customer_id is null and email_key = any(cast(:emails as text[])))"
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
    guest = cart.customer_id is None and email_key(cart.email or "") in subject.emails
    return cart.customer_id == subject.account_id or cart.id in subject.cart_ids or guest


def memory_traces(table: Table, subject: Subject) -> Subject:
    own = tuple(cart.id for cart in table("carts.cart").values() if _owns(cart, subject))
    return Subject(account_id=subject.account_id, cart_ids=own)


def _shown(cart: Cart, _: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "carts.cart", values_of(cart, email_key=None if cart.email is None else email_key(cart.email))


ROWS = (MemoryRows(table="carts.cart", owns=_owns, shown=_shown),)
