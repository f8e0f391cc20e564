"""What both storages promise of orders: lists, histories, whose they are."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg
import msgspec
import pytest

from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.events import EmailChanged, EmailVerified
from merx.contexts.orders.adapters.subscribers import on_email_changed, on_email_verified
from merx.contexts.orders.domain.states import FulfilmentStatus, Status
from merx.contexts.orders.ports.queries import OrderFilter, OrderSummary
from merx.contexts.orders.usecases.commands import CancelOrder, ShipOrder
from merx.kernel.actor import Actor
from merx.kernel.errors import Conflict, StaleVersion
from merx.kernel.ids import new_id
from merx.kernel.model import Event
from tests.contexts.orders.conftest import EMAIL, Shop, placed, request

STAFF = Actor.system()


async def bought(shop: Shop, variant_id: UUID, customer_id: UUID | None = None, quantity: int = 1) -> UUID:
    """The id of an order."""
    cart = await shop.cart({variant_id: quantity}, customer_id)
    return placed(await shop.place(request(cart, customer_id=customer_id))).order.id


async def listed(shop: Shop, limit: int = 50, **wanted: object) -> list[OrderSummary]:
    """All pages together."""
    found: list[OrderSummary] = []
    page = msgspec.structs.replace(OrderFilter(limit=limit), **wanted)
    while True:
        got = await shop.contexts.orders.queries().orders(page)
        assert len(got.items) <= limit
        found += got.items
        if got.next is None:
            return found
        assert len(got.items) == limit
        page = msgspec.structs.replace(page, after=got.next)


def ids(found: Sequence[OrderSummary]) -> list[UUID]:
    return [each.id for each in found]


async def hear(shop: Shop, event: Event) -> None:
    handler = on_email_verified if isinstance(event, EmailVerified) else on_email_changed
    async with shop.contexts.orders.uow() as uow:
        await handler(event, uow)
        await uow.commit()


async def owner(shop: Shop, order_id: UUID) -> UUID | None:
    found: UUID | None = (await shop.contexts.orders.queries().order(order_id)).customer_id
    return found


async def test_lists_are_newest_first_and_narrowed(shop: Shop):
    lamp, ada, bob = await shop.product(stock=20), new_id(), new_id()
    orders = [await bought(shop, lamp, customer) for customer in (ada, None, bob, ada)]
    await shop.contexts.orders.cancel_order()(STAFF, orders[0], CancelOrder(), opens_order=False)
    await shop.contexts.orders.ship_order()(STAFF, orders[2], ShipOrder(carrier="DHL"))
    assert ids(await listed(shop)) == orders[::-1]
    assert ids(await listed(shop, limit=2)) == ids(await listed(shop, limit=3)) == orders[::-1]
    assert ids(await listed(shop, customer_id=ada)) == [orders[3], orders[0]]
    assert ids(await listed(shop, customer_id=new_id())) == []
    assert ids(await listed(shop, status=Status.cancelled)) == [orders[0]]
    assert ids(await listed(shop, fulfilment_status=FulfilmentStatus.fulfilled)) == [orders[2]]
    assert ids(await listed(shop, email=EMAIL)) == orders[::-1]
    assert ids(await listed(shop, email=f" {EMAIL.upper()} ")) == orders[::-1]
    assert ids(await listed(shop, email="bob@example.com")) == []
    assert ids(await listed(shop, email="")) == []
    (one,) = await listed(shop, number=(await listed(shop))[1].number)
    assert (one.id, one.email, one.line_count) == (orders[2], EMAIL, 1)
    assert ids(await listed(shop, number=one.number, customer_id=ada)) == []


async def test_a_history_is_in_the_order_of_what_happened(shop: Shop):
    lamp = await shop.product()
    order_id, other = await bought(shop, lamp), await bought(shop, lamp)
    await shop.contexts.orders.cancel_order()(STAFF, order_id, CancelOrder(reason="too late"), opens_order=False)
    entries = await shop.contexts.orders.queries().timeline(order_id)
    assert [(entry.kind, entry.note) for entry in entries] == [("placed", ""), ("cancelled", "too late")]
    assert [entry.kind for entry in await shop.contexts.orders.queries().timeline(other)] == ["placed"]


async def test_past_orders_of_a_guest_belong_to_whoever_proves_the_mailbox(shop: Shop):
    lamp, ada, eve = await shop.product(), new_id(), new_id()
    guests, of_eve = [await bought(shop, lamp) for _ in range(2)], await bought(shop, lamp, eve)
    now = shop.app.infra.clock().now()
    await hear(shop, EmailVerified(at=now, account_id=ada, email="somebody@example.com"))
    assert [await owner(shop, order_id) for order_id in guests] == [None, None]
    await hear(shop, EmailVerified(at=now, account_id=ada, email=EMAIL.title()))
    assert [await owner(shop, order_id) for order_id in guests] == [ada, ada]
    assert await owner(shop, of_eve) == eve, "what is a customer's stays the customer's"
    later = await bought(shop, lamp)
    changed = EmailChanged(at=now, account_id=eve, email="eve@example.com", name="Eve", new_email=EMAIL)
    await hear(shop, changed)
    assert [await owner(shop, order_id) for order_id in (*guests, later)] == [ada, ada, eve]
    assert ids(await listed(shop, customer_id=eve)) == [later, of_eve]


# Letters of which Python and PostgreSQL have other small ones, or whose small one has two forms.
ODD = [
    pytest.param("ΝΙΚΟΣ@example.com", "νικος@example.com", id="a sigma at the end"),
    pytest.param("\u0130pek@example.com", "i\u0307pek@example.com", id="an I with a dot"),
    pytest.param("J\u030cana@example.com", "\u01f0ana@example.com", id="a j with a caron"),
]


@pytest.mark.parametrize(("typed", "proved"), ODD)
async def test_an_order_is_found_by_its_address_whatever_the_letters(shop: Shop, typed: str, proved: str):
    lamp, nikos = await shop.product(), new_id()
    guests = [placed(await shop.place(request(await shop.cart({lamp: 1}, email=typed)))).order.id for _ in range(2)]
    await bought(shop, lamp)
    for wanted in (typed, proved):
        assert ids(await listed(shop, email=wanted)) == guests[::-1]
    now = shop.app.infra.clock().now()
    await hear(shop, EmailVerified(at=now, account_id=nikos, email=proved))
    assert [await owner(shop, order_id) for order_id in guests] == [nikos, nikos]
    assert ids(await listed(shop, customer_id=nikos)) == guests[::-1]


@pytest.mark.services
@pytest.mark.parametrize(("typed", "proved"), [*ODD, pytest.param(EMAIL.title(), EMAIL, id="plain")])
async def test_an_order_without_a_key_is_found_too(postgres_shop: Shop, typed: str, proved: str):
    """A process of the version before knew no keys, and could be at work for a while yet."""
    shop = postgres_shop
    lamp, nikos = await shop.product(), new_id()
    (mine, other) = [
        placed(await shop.place(request(await shop.cart({lamp: 1}, email=email)))).order.id
        for email in (typed, "somebody@example.com")
    ]
    connection = await asyncpg.connect(shop.app.settings.database_url)
    try:
        await connection.execute('update orders."order" set email_key = null')
        await hear(shop, EmailVerified(at=shop.app.infra.clock().now(), account_id=nikos, email=proved))
        assert [await owner(shop, order_id) for order_id in (mine, other)] == [nikos, None]
        assert await connection.fetchval('select count(*) from orders."order" where email_key is null') == 0
        assert ids(await listed(shop, email="somebody@example.com")) == [other]
    finally:
        await connection.close()


@pytest.mark.services
async def test_an_address_is_not_blanked_without_what_it_is_found_by(postgres_shop: Shop):
    order_id = await bought(postgres_shop, await postgres_shop.product())
    connection = await asyncpg.connect(postgres_shop.app.settings.database_url)
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute("""update orders."order" set email = '' where id = $1""", order_id)
        await connection.execute("""update orders."order" set email = '', email_key = '' where id = $1""", order_id)
    finally:
        await connection.close()


async def test_typing_somebodys_address_opens_no_history(shop: Shop):
    """From end to end: the account alone gets nothing, whoever it says it is."""
    order_id = await bought(shop, await shop.product())
    identity = shop.contexts.identity
    await identity.ensure_account()("other@example.com", "Ada", AccountKind.customer, (), "a long passphrase")
    await shop.drain()
    assert await owner(shop, order_id) is None


async def test_a_cart_is_one_order_and_a_stale_copy_is_refused(shop: Shop):
    order_id = await bought(shop, await shop.product())
    async with shop.contexts.orders.uow() as uow:
        stale = await uow.orders.get(order_id)
    await shop.contexts.orders.ship_order()(STAFF, order_id, ShipOrder(carrier="DHL"))
    async with shop.contexts.orders.uow() as uow:
        with pytest.raises(StaleVersion):
            await uow.orders.save(stale)
    lines = [msgspec.structs.replace(line, id=new_id()) for line in stale.lines]
    twin = msgspec.structs.replace(stale, id=new_id(), number="another", lines=lines)

    async def placed() -> None:
        async with shop.contexts.orders.uow() as uow:
            await uow.placements.insert([(twin, STAFF)])
            await uow.commit()

    with pytest.raises(Conflict):
        await placed()


async def test_who_has_bought_what(shop: Shop):
    lamp, ada = await shop.product(), new_id()
    order_id = await bought(shop, lamp, ada, quantity=2)
    product_id = (await shop.contexts.orders.queries().order(order_id)).lines[0].product_id
    asked = shop.contexts.orders.api().has_bought
    assert await asked(ada, product_id)
    assert not await asked(new_id(), product_id)
    assert not await asked(ada, new_id())
    await shop.contexts.orders.cancel_order()(STAFF, order_id, CancelOrder(), opens_order=False)
    assert not await asked(ada, product_id)
