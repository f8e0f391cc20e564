"""The table of carts.

A cart is one row and its lines are a JSONB column of it. That is not only quicker. Under READ COMMITTED a statement
that waits for the lock of the cart row sees that row's newest version, but rows of other tables as they were when it
began: with lines in a table of their own, `select … for update` would hand out stale lines and the write after it lose
units.
"""

from datetime import datetime
from typing import Any, cast
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import CheckConstraint, Index, String, Table, text
from sqlalchemy.orm import Mapped, mapped_column

from merx.contexts.carts.api import CartStatus
from merx.contexts.carts.domain.cart import Attempt, Cart, CartLine, ShippingChoice
from merx.infra.postgres import IDENTIFIER, PERSONAL, PLAIN, SECRET, EmailKeys, VersionedRow, as_json, json_text
from merx.kernel.address import Address, email_key

EMAIL_KEYS = EmailKeys("carts.cart")
ONE_ACTIVE = "uq_cart_active_customer_id_currency"


class CartRow(VersionedRow):
    __tablename__ = "cart"
    __table_args__ = (
        CheckConstraint("status in ('active', 'completed', 'merged')", name="status"),
        Index(
            ONE_ACTIVE,
            "customer_id",
            "currency",
            unique=True,
            postgresql_where=text("status = 'active' and customer_id is not null"),
        ),
        # Of columns that edits leave alone, so that an edit writes no index.
        Index(
            "ix_cart_guest_created_at",
            "created_at",
            postgresql_where=text("customer_id is null and status <> 'completed'"),
        ),
        Index("ix_cart_customer_id", "customer_id", postgresql_where=text("customer_id is not null")),
        {"schema": "carts"},
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    currency: Mapped[str] = mapped_column(String(3), info=PLAIN)
    created_at: Mapped[datetime] = mapped_column(info=PLAIN)
    updated_at: Mapped[datetime] = mapped_column(info=PLAIN)
    status: Mapped[str] = mapped_column(String(10), info=PLAIN)
    customer_id: Mapped[UUID | None] = mapped_column(info=IDENTIFIER)
    email: Mapped[str | None] = mapped_column(String(254), info=PERSONAL)
    # None beside an e-mail on rows that a version before wrote beside this one, until `EMAIL_KEYS` has found them.
    email_key: Mapped[str | None] = mapped_column(String(254), info=PERSONAL)
    address: Mapped[Address | None] = as_json(Address, info=PERSONAL)
    shipping: Mapped[ShippingChoice | None] = as_json(ShippingChoice, info=PLAIN)
    lines: Mapped[list[CartLine]] = as_json(list[CartLine], info=PLAIN)
    # Digests of what was asked once; they open nothing.
    attempts: Mapped[list[Attempt]] = as_json(list[Attempt], server_default=text("'[]'::jsonb"), info=SECRET)
    merged_into: Mapped[UUID | None] = mapped_column(info=IDENTIFIER)
    completed_at: Mapped[datetime | None] = mapped_column(info=PLAIN)


CART = cast(Table, CartRow.__table__)
COLUMNS = [CART.c[field] for field in Cart.__struct_fields__]
STATUSES = {status.value: status for status in CartStatus}

decode_address = msgspec.json.Decoder(Address).decode
decode_shipping = msgspec.json.Decoder(ShippingChoice).decode
_decode_lines = msgspec.json.Decoder(list[CartLine]).decode
_decode_attempts = msgspec.json.Decoder(list[Attempt]).decode


def cart_of(row: asyncpg.Record) -> Cart:
    """From the columns of `COLUMNS`."""
    values = dict(row)
    values["status"] = STATUSES[values["status"]]
    values["lines"] = _decode_lines(values["lines"])
    values["attempts"] = _decode_attempts(values["attempts"])
    if values["address"] is not None:
        values["address"] = decode_address(values["address"])
    if values["shipping"] is not None:
        values["shipping"] = decode_shipping(values["shipping"])
    return Cart(**values)


def shopper_columns(cart: Cart) -> dict[str, Any]:
    """What a shopper's edit may change."""
    return {
        "updated_at": cart.updated_at,
        "email": cart.email,
        "email_key": None if cart.email is None else email_key(cart.email),
        "address": None if cart.address is None else json_text(cart.address),
        "shipping": None if cart.shipping is None else json_text(cart.shipping),
        "lines": json_text(cart.lines),
        "attempts": json_text(cart.attempts),
    }


def all_columns(cart: Cart) -> dict[str, Any]:
    """What any change of a cart may write."""
    return shopper_columns(cart) | {
        "status": cart.status.value,
        "customer_id": cart.customer_id,
        "merged_into": cart.merged_into,
        "completed_at": cart.completed_at,
    }
