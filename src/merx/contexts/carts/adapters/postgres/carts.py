"""One cart at a time: lock, save; and reads without a lock."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import Uuid, and_, any_, bindparam, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY

from merx.contexts.carts.adapters.postgres.rows import (
    CART,
    COLUMNS,
    ONE_ACTIVE,
    all_columns,
    cart_of,
    shopper_columns,
)
from merx.contexts.carts.api import CartStatus
from merx.contexts.carts.domain.cart import Cart
from merx.contexts.carts.domain.errors import ActiveCartExists, CartNotFound
from merx.infra.postgres import PostgresTx, PostgresUow, Reader, compiled
from merx.kernel.errors import StaleVersion

_FIXED = ("id", "version", "currency", "created_at")
_ids = any_(bindparam("cart_ids", type_=ARRAY(Uuid)))
_own = and_(
    CART.c.customer_id == bindparam("customer_id", type_=Uuid),
    # Written out, so that the planner sees that the partial index fits.
    CART.c.status == text(f"'{CartStatus.active.value}'"),
)
_named = CART.alias("named")

FIND = compiled(select(*COLUMNS).where(CART.c.id == bindparam("cart_id")))
LOCK = compiled(select(*COLUMNS).where(CART.c.id == bindparam("cart_id")).with_for_update())
_CURRENT = compiled(select(*COLUMNS).where(_own, CART.c.currency == bindparam("currency")))
_LOCK_PAIR = compiled(
    select(*COLUMNS)
    .where(
        or_(
            CART.c.id == bindparam("cart_id"),
            and_(
                _own,
                # The currency of a cart never changes, so it may be read without a lock.
                CART.c.currency
                == select(_named.c.currency).where(_named.c.id == bindparam("cart_id")).scalar_subquery(),
            ),
        )
    )
    .order_by(CART.c.id)
    .with_for_update(of=CART)
)
_LOCK_FREE = compiled(select(*COLUMNS).where(CART.c.id == _ids).order_by(CART.c.id).with_for_update(skip_locked=True))
_INSERT = compiled(insert(CART))
SAVE = compiled(
    update(CART)
    .where(CART.c.id == bindparam("cart_id"), CART.c.version == bindparam("seen_version"))
    .values(
        version=CART.c.version + 1,
        email_key=bindparam("email_key"),
        **{field: bindparam(field) for field in Cart.__struct_fields__ if field not in _FIXED},
    )
)
_SAVE_MANY = compiled(
    """
    update carts.cart as cart
       set version = new.version, updated_at = new.updated_at, email = new.email,
           email_key = new.email_key, address = cast(new.address as jsonb),
           shipping = cast(new.shipping as jsonb), lines = cast(new.lines as jsonb),
           attempts = cast(new.attempts as jsonb)
      from unnest(cast(:ids as uuid[]), cast(:seen as int[]), cast(:versions as int[]),
                  cast(:updated_at as timestamptz[]), cast(:email as text[]), cast(:email_key as text[]),
                  cast(:address as text[]), cast(:shipping as text[]), cast(:lines as text[]),
                  cast(:attempts as text[]))
           as new (id, seen, version, updated_at, email, email_key, address, shipping, lines, attempts)
     where cart.id = new.id and cart.version = new.seen
    """
)
# Nobody changed a cart before it was made: the first condition is there for its index alone.
_FORGET_GUESTS = compiled(
    """
    delete from carts.cart
     where id in (select id from carts.cart
                   where customer_id is null and status <> 'completed' and created_at < :before
                     and updated_at < :before
                   order by created_at limit :how_many
                     for update skip locked)
    """
)


class PostgresCarts:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def lock(self, cart_id: UUID) -> Cart:
        row = await self._tx.fetchrow(LOCK, cart_id=cart_id)
        if row is None:
            raise CartNotFound
        return cart_of(row)

    async def lock_pair(self, cart_id: UUID, customer_id: UUID) -> tuple[Cart, Cart | None]:
        rows = await self._tx.fetch(_LOCK_PAIR, cart_id=cart_id, customer_id=customer_id)
        carts = {cart.id: cart for cart in map(cart_of, rows)}
        named = carts.pop(cart_id, None)
        if named is None:
            raise CartNotFound
        return named, next(iter(carts.values()), None)

    async def lock_free(self, cart_ids: Iterable[UUID]) -> dict[UUID, Cart]:
        """Those that exist and that nobody else holds; never waits."""
        rows = await self._tx.fetch(_LOCK_FREE, cart_ids=list(cart_ids))
        return {cart.id: cart for cart in map(cart_of, rows)}

    async def add(self, cart: Cart) -> None:
        cart.version = 1
        try:
            await self._tx.execute(
                _INSERT,
                id=cart.id,
                version=cart.version,
                currency=cart.currency,
                created_at=cart.created_at,
                **all_columns(cart),
            )
        except asyncpg.UniqueViolationError as error:
            raise _meaning(error) from error

    async def save(self, cart: Cart) -> None:
        try:
            touched = await self._tx.execute(SAVE, cart_id=cart.id, seen_version=cart.version, **all_columns(cart))
        except asyncpg.UniqueViolationError as error:
            raise _meaning(error) from error
        if touched != 1:
            raise StaleVersion
        cart.version += 1

    async def forget_guests(self, before: datetime, limit: int) -> int:
        return await self._tx.execute(_FORGET_GUESTS, before=before, how_many=limit)

    async def save_edits(self, carts: Sequence[Cart], seen: Mapping[UUID, int]) -> None:
        """What shoppers changed in locked carts, in one statement. `seen` are the versions in the table.

        Unlike `save` it takes the new versions from the carts. Raises StaleVersion.
        """
        columns = [shopper_columns(cart) for cart in carts]
        touched = await self._tx.execute(
            _SAVE_MANY,
            ids=[cart.id for cart in carts],
            seen=[seen[cart.id] for cart in carts],
            versions=[cart.version for cart in carts],
            **{name: [values[name] for values in columns] for name in columns[0]},
        )
        if touched != len(carts):
            raise StaleVersion


def _meaning(error: asyncpg.UniqueViolationError) -> Exception:
    return ActiveCartExists() if error.constraint_name == ONE_ACTIVE else error


class PostgresCartsUow(PostgresUow):
    carts: PostgresCarts

    def open(self, tx: PostgresTx) -> None:
        self.carts = PostgresCarts(tx)


class PostgresCartReads:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def find(self, cart_id: UUID) -> Cart | None:
        row = await self._reader.fetchrow(FIND, cart_id=cart_id)
        return None if row is None else cart_of(row)

    async def current(self, customer_id: UUID, currency: str) -> Cart | None:
        row = await self._reader.fetchrow(_CURRENT, customer_id=customer_id, currency=currency)
        return None if row is None else cart_of(row)
