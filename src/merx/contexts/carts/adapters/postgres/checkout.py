"""Carts for checkout: many in one statement, on the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import Uuid, any_, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY

from merx.contexts.carts.adapters.postgres.rows import CART, STATUSES, decode_address, decode_shipping
from merx.contexts.carts.api import CheckoutCart, CheckoutLine
from merx.infra.postgres import Write, compiled, postgres_tx
from merx.kernel.ports import Transaction

_ids = any_(bindparam("cart_ids", type_=ARRAY(Uuid)))
_LOCK = compiled(
    select(
        CART.c.id,
        CART.c.status,
        CART.c.customer_id,
        CART.c.currency,
        CART.c.email,
        CART.c.address,
        CART.c.shipping,
        CART.c.lines,
    )
    .where(CART.c.id == _ids)
    .order_by(CART.c.id)
    .with_for_update()
)
_COMPLETE = Write(
    """
    completed as (
        update carts.cart
           set status = 'completed', version = version + 1, completed_at = cast(:at as timestamptz),
               updated_at = cast(:at as timestamptz)
         where id = any(cast(:cart_ids as uuid[])) and status = 'active')
    """
)
_decode_lines = msgspec.json.Decoder(list[CheckoutLine]).decode


class PostgresCheckoutCarts:
    """Implements CartsApi."""

    async def lock(self, tx: Transaction, cart_ids: Sequence[UUID]) -> dict[UUID, CheckoutCart]:
        rows = await postgres_tx(tx).fetch(_LOCK, cart_ids=list(cart_ids))
        return {row["id"]: _checkout_cart(row) for row in rows}

    async def complete(self, tx: Transaction, cart_ids: Sequence[UUID], at: datetime) -> None:
        postgres_tx(tx).later(_COMPLETE.filled(cart_ids=list(cart_ids), at=at))


def _checkout_cart(row: asyncpg.Record) -> CheckoutCart:
    key, status, customer_id, currency, email, address, shipping, lines = row
    return CheckoutCart(
        key,
        STATUSES[status],
        customer_id,
        currency,
        email,
        None if address is None else decode_address(address),
        None if shipping is None else decode_shipping(shipping).method_id,
        _decode_lines(lines),
    )
