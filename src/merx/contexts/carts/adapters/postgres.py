"""Carts on PostgreSQL, on the shopper's path: compiled statements, no ORM.

A cart is one row and its lines are a JSONB column of it. That is not only quicker. Under READ COMMITTED a statement
that waits for the lock of the cart row sees that row's newest version, but rows of other tables as they were when it
began: with lines in a table of their own, `select … for update` would hand out stale lines and the write after it lose
units.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import (
    CheckConstraint,
    DateTime,
    Index,
    String,
    Table,
    Uuid,
    and_,
    any_,
    bindparam,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from merx.contexts.carts.api import CartStatus, CheckoutCart, CheckoutLine
from merx.contexts.carts.domain.cart import Cart, CartLine, ShippingChoice
from merx.contexts.carts.domain.errors import ActiveCartExists, CartNotFound
from merx.infra.postgres import PostgresTx, PostgresUow, Reader, VersionedRow, as_json, compiled, json_text
from merx.kernel.address import Address
from merx.kernel.errors import StaleVersion
from merx.kernel.ports import Transaction

_ONE_ACTIVE = "uq_cart_active_customer_id_currency"


class CartRow(VersionedRow):
    __tablename__ = "cart"
    __table_args__ = (
        CheckConstraint("status in ('active', 'completed', 'merged')", name="status"),
        Index(
            _ONE_ACTIVE,
            "customer_id",
            "currency",
            unique=True,
            postgresql_where=text("status = 'active' and customer_id is not null"),
        ),
        {"schema": "carts"},
    )
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    status: Mapped[str] = mapped_column(String(10))
    customer_id: Mapped[UUID | None]
    email: Mapped[str | None] = mapped_column(String(254))
    address: Mapped[Address | None] = as_json(Address)
    shipping: Mapped[ShippingChoice | None] = as_json(ShippingChoice)
    lines: Mapped[list[CartLine]] = as_json(list[CartLine])
    merged_into: Mapped[UUID | None]
    completed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


_cart = cast(Table, CartRow.__table__)
_COLUMNS = [_cart.c[field] for field in Cart.__struct_fields__]
_FIXED = ("id", "version", "currency", "created_at")

_own = and_(
    _cart.c.customer_id == bindparam("customer_id", type_=Uuid), _cart.c.status == text(f"'{CartStatus.active.value}'")
)
_same_currency = _cart.alias("named")
_FIND = compiled(select(*_COLUMNS).where(_cart.c.id == bindparam("cart_id")))
_LOCK = compiled(select(*_COLUMNS).where(_cart.c.id == bindparam("cart_id")).with_for_update())
_CURRENT = compiled(select(*_COLUMNS).where(_own, _cart.c.currency == bindparam("currency")))
_LOCK_PAIR = compiled(
    select(*_COLUMNS)
    .where(
        or_(
            _cart.c.id == bindparam("cart_id"),
            and_(
                _own,
                # The currency of a cart never changes, so it may be read without a lock.
                _cart.c.currency
                == select(_same_currency.c.currency)
                .where(_same_currency.c.id == bindparam("cart_id"))
                .scalar_subquery(),
            ),
        )
    )
    .order_by(_cart.c.id)
    .with_for_update(of=_cart)
)
_INSERT = compiled(insert(_cart))
_SAVE = compiled(
    update(_cart)
    .where(_cart.c.id == bindparam("cart_id"), _cart.c.version == bindparam("seen_version"))
    .values(
        version=_cart.c.version + 1,
        **{field: bindparam(field) for field in Cart.__struct_fields__ if field not in _FIXED},
    )
)
_LOCK_MANY = compiled(
    select(
        _cart.c.id,
        _cart.c.status,
        _cart.c.customer_id,
        _cart.c.currency,
        _cart.c.email,
        _cart.c.address,
        _cart.c.shipping,
        _cart.c.lines,
    )
    .where(_cart.c.id == any_(bindparam("cart_ids", type_=ARRAY(Uuid))))
    .order_by(_cart.c.id)
    .with_for_update()
)
_COMPLETE = compiled(
    update(_cart)
    .where(_cart.c.id == any_(bindparam("cart_ids", type_=ARRAY(Uuid))), _cart.c.status == CartStatus.active.value)
    .values(
        status=CartStatus.completed.value,
        version=_cart.c.version + 1,
        completed_at=bindparam("at"),
        updated_at=bindparam("at"),
    )
)

_address = msgspec.json.Decoder(Address)
_shipping = msgspec.json.Decoder(ShippingChoice)
_lines = msgspec.json.Decoder(list[CartLine])
_checkout_lines = msgspec.json.Decoder(list[CheckoutLine])
_STATUSES = {status.value: status for status in CartStatus}


def _cart_of(row: asyncpg.Record) -> Cart:
    values = dict(row)
    values["status"] = _STATUSES[values["status"]]
    values["lines"] = _lines.decode(values["lines"])
    if values["address"] is not None:
        values["address"] = _address.decode(values["address"])
    if values["shipping"] is not None:
        values["shipping"] = _shipping.decode(values["shipping"])
    return Cart(**values)


def _parameters(cart: Cart) -> dict[str, Any]:
    return {
        "status": cart.status.value,
        "customer_id": cart.customer_id,
        "email": cart.email,
        "address": None if cart.address is None else json_text(cart.address),
        "shipping": None if cart.shipping is None else json_text(cart.shipping),
        "lines": json_text(cart.lines),
        "merged_into": cart.merged_into,
        "updated_at": cart.updated_at,
        "completed_at": cart.completed_at,
    }


class PostgresCarts:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def lock(self, cart_id: UUID) -> Cart:
        row = await self._tx.fetchrow(_LOCK, cart_id=cart_id)
        if row is None:
            raise CartNotFound
        return _cart_of(row)

    async def lock_pair(self, cart_id: UUID, customer_id: UUID) -> tuple[Cart, Cart | None]:
        rows = await self._tx.fetch(_LOCK_PAIR, cart_id=cart_id, customer_id=customer_id)
        carts = {cart.id: cart for cart in map(_cart_of, rows)}
        named = carts.pop(cart_id, None)
        if named is None:
            raise CartNotFound
        return named, next(iter(carts.values()), None)

    async def add(self, cart: Cart) -> None:
        cart.version = 1
        try:
            await self._tx.execute(
                _INSERT,
                id=cart.id,
                version=cart.version,
                currency=cart.currency,
                created_at=cart.created_at,
                **_parameters(cart),
            )
        except asyncpg.UniqueViolationError as error:
            raise _meaning(error) from error

    async def save(self, cart: Cart) -> None:
        try:
            touched = await self._tx.execute(_SAVE, cart_id=cart.id, seen_version=cart.version, **_parameters(cart))
        except asyncpg.UniqueViolationError as error:
            raise _meaning(error) from error
        if touched != 1:
            raise StaleVersion
        cart.version += 1


def _meaning(error: asyncpg.UniqueViolationError) -> Exception:
    return ActiveCartExists() if error.constraint_name == _ONE_ACTIVE else error


class PostgresCartsUow(PostgresUow):
    carts: PostgresCarts

    def open(self, tx: PostgresTx) -> None:
        self.carts = PostgresCarts(tx)


class PostgresCartReads:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def find(self, cart_id: UUID) -> Cart | None:
        row = await self._reader.fetchrow(_FIND, cart_id=cart_id)
        return None if row is None else _cart_of(row)

    async def current(self, customer_id: UUID, currency: str) -> Cart | None:
        row = await self._reader.fetchrow(_CURRENT, customer_id=customer_id, currency=currency)
        return None if row is None else _cart_of(row)


class PostgresCheckoutCarts:
    """Implements CartsApi on the caller's transaction, for many carts in one statement."""

    async def lock(self, tx: Transaction, cart_ids: Sequence[UUID]) -> dict[UUID, CheckoutCart]:
        rows = await _postgres(tx).fetch(_LOCK_MANY, cart_ids=list(cart_ids))
        return {row["id"]: _checkout_cart(row) for row in rows}

    async def complete(self, tx: Transaction, cart_ids: Sequence[UUID], at: datetime) -> None:
        await _postgres(tx).execute(_COMPLETE, cart_ids=list(cart_ids), at=at)


def _postgres(tx: Transaction) -> PostgresTx:
    if not isinstance(tx, PostgresTx):
        raise TypeError(f"{type(tx).__name__} is no transaction of this storage")
    return tx


def _checkout_cart(row: asyncpg.Record) -> CheckoutCart:
    key, status, customer_id, currency, email, address, shipping, lines = row
    return CheckoutCart(
        key,
        _STATUSES[status],
        customer_id,
        currency,
        email,
        None if address is None else _address.decode(address),
        None if shipping is None else _shipping.decode(shipping).method_id,
        _checkout_lines.decode(lines),
    )
