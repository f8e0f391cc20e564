"""Orders among their real neighbours, on each storage."""

from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import pytest

from merx.bootstrap.container import App
from merx.contexts.carts.usecases.access import Visitor
from merx.contexts.carts.usecases.delivery import ChooseShipping, SetAddress
from merx.contexts.carts.usecases.edit_lines import AddLine
from merx.contexts.carts.usecases.open_cart import OpenCart
from merx.contexts.catalog.usecases.commands import CreateProduct, NewVariant, Price
from merx.contexts.orders.ports.neighbours import RequestKey
from merx.contexts.orders.ports.queries import PlacedOrder
from merx.contexts.orders.usecases.commands import CheckoutAnswer, CheckoutRequest, PlaceOrder
from merx.infra.settings import Settings
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.address import Address
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.customers import customer
from tests.support.drain import drain
from tests.support.stage import staged

ADDRESS = Address(
    name="Ada", line1="1 Market Street", city="San Francisco", country="US", region="CA", postal_code="94105"
)
EMAIL = "ada@example.com"
GUEST = Visitor(customer(None), True)


class Shop:
    """The whole application, and shortcuts for what many tests do."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.contexts = app.contexts
        self.place = app.contexts.orders.place_order()

    async def open(self) -> None:
        await self.contexts.shipping.seed_shipping()()

    async def product(self, stock: int = 10, price: int = 20_00) -> UUID:
        """A published product; returns its only variant."""
        sku = f"S-{new_id().hex[-12:]}"
        variant = NewVariant(sku=sku, price=Price(amount=price, currency="USD"))
        product_id = await self.contexts.catalog.create_product()(
            Actor.system(), CreateProduct(name=f"Lamp {sku}", variants=[variant])
        )
        await self.contexts.catalog.change_status().publish(Actor.system(), product_id)
        found = await self.contexts.catalog.queries().staff_product(product_id)
        variant_id: UUID = found.variants[0].id
        await self.contexts.inventory.count_stock().open_with({variant_id: stock})
        return variant_id

    async def cart(
        self, quantities: dict[UUID, int], customer_id: UUID | None = None, email: str = EMAIL
    ) -> PlaceOrder:
        """A cart that is ready for checkout, as the command that orders it."""
        visitor = Visitor(customer(customer_id), True) if customer_id else GUEST
        carts = self.contexts.carts
        view, _ = await carts.open_cart()(customer(customer_id), OpenCart())
        for variant_id, quantity in quantities.items():
            await carts.add_line()(visitor, view.id, AddLine(variant_id=variant_id, quantity=quantity))
        await carts.set_address()(visitor, view.id, SetAddress(email=email, address=ADDRESS))
        options = await carts.list_shipping_options()(visitor, view.id)
        view = await carts.choose_shipping()(visitor, view.id, ChooseShipping(method_id=options[0].method_id))
        return PlaceOrder(cart_id=view.id, payment_method="cod", expected_total=view.total)

    async def order(self, quantities: dict[UUID, int]) -> PlacedOrder:
        return placed(await self.place(request(await self.cart(quantities))))

    async def on_hand(self, variant_id: UUID) -> tuple[int, int]:
        """Units on hand and units promised."""
        stock = await self.contexts.inventory.queries().variant(variant_id)
        return stock.on_hand, stock.allocated

    async def drain(self) -> None:
        await drain(self.app.deliverer, self.app.infra.deliveries())


def request(
    command: PlaceOrder, key: str = "", customer_id: UUID | None = None, *, opens_cart: bool = True
) -> CheckoutRequest:
    actor = Actor(kind=ActorKind.customer, account_id=customer_id) if customer_id else Actor.anonymous()
    fingerprint = msgspec.json.encode(command)
    principal = str(customer_id or command.cart_id)
    return CheckoutRequest(
        command=command,
        actor=actor,
        opens_cart=opens_cart,
        key=RequestKey(principal, "POST /orders", key or new_id().hex, fingerprint),
    )


def placed(answer: CheckoutAnswer) -> PlacedOrder:
    return msgspec.json.decode(answer.body, type=PlacedOrder)


def other_total(command: PlaceOrder) -> PlaceOrder:
    return msgspec.structs.replace(command, expected_total=command.expected_total + Money(1, "USD"))


@pytest.fixture
async def memory_shop() -> AsyncIterator[Shop]:
    shop = Shop(new_app())
    await shop.open()
    yield shop
    await shop.app.close()


@pytest.fixture
async def postgres_shop(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    # Races queue for connections; how long that takes is not what they are about.
    shop = Shop(App(Settings(database_url=database_url, data_dir=str(folder), pool_wait_ms=60_000)))
    await shop.open()
    yield shop
    await shop.app.close()


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def shop(request: pytest.FixtureRequest) -> Shop:
    found: Shop = request.getfixturevalue(f"{request.param}_shop")
    return found


@pytest.fixture
async def client(memory_shop: Shop) -> AsgiClient:
    return AsgiClient(staged(memory_shop.app.settings, memory_shop.app))
