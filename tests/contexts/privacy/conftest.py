"""A shop in which one person, the canary, has left traces everywhere, and another one who must notice nothing."""

import contextlib
import email
import email.policy
import io
import json
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from dependency_injector import providers

from merx.bootstrap.container import App
from merx.bootstrap.infra import Infra
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.infra.settings import Settings
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.support.apps import new_app
from tests.support.asgi import Answer, AsgiClient
from tests.support.clock import FixedClock
from tests.support.drain import drain
from tests.support.stage import staged

BASE = "/api/v1"
PASSWORD = "correct horse battery"


class Person(msgspec.Struct, kw_only=True):
    """`words` are what tells who it is; nothing else in the shop has them."""

    name: str
    email: str
    phone: str
    street: str
    city: str
    headers: dict[str, str] = {}
    account_id: str = ""
    refresh_token: str = ""
    orders: list[dict[str, Any]] = []

    @property
    def words(self) -> list[str]:
        return [self.name, self.email, self.phone, self.street, self.city, self.email.partition("@")[0]]

    @property
    def address(self) -> dict[str, str]:
        return {"name": self.name, "line1": self.street, "city": self.city, "country": "US", "region": "CA"} | {
            "postal_code": "94105",
            "phone": self.phone,
        }


CANARY = {
    "name": "Canaria Featherstone",
    "email": "Canaria.Feather@example.org",
    "phone": "+14155550123",
    "street": "77 Plumage Street",
    "city": "Birdhaven",
}
NEIGHBOUR = {
    "name": "Norbert Neighbour",
    "email": "norbert@example.net",
    "phone": "+14155550199",
    "street": "9 Quiet Lane",
    "city": "Stilltown",
}


def _read(file: Path) -> tuple[str, str, str]:
    message = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    body = message.get_body(("plain",))
    return str(message["To"]), str(message["Subject"]), body.get_content() if body else ""


class Shop:
    """The wired application behind HTTP, with a clock that stands still and mail in a folder."""

    def __init__(self, app: App, client: AsgiClient, clock: FixedClock) -> None:
        self.app = app
        self.client = client
        self.clock = clock
        self._read: dict[Path, tuple[str, str, str]] = {}
        self.root = self.bearer(str(new_id()), ActorKind.staff, "*")

    def bearer(self, account_id: str, kind: ActorKind, *permissions: str) -> dict[str, str]:
        token = self.app.infra.access_tokens().issue(account_id, kind, permissions, ttl=86_400 * 400)
        return {"authorization": f"Bearer {token}"}

    async def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        return await self.client.request(method, BASE + path, headers=headers or {}, json=body)

    async def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """The answer as data. Fails when it is not a good one."""
        answer = await self.send(method, path, body, headers if headers is not None else self.root)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.body!r}"
        return answer.json() if answer.body else None

    async def settle(self) -> None:
        await drain(self.app.deliverer, self.app.infra.deliveries())

    async def job(self, name: str) -> None:
        """One turn of a periodic job, and what follows from it."""
        job = next(each for each in self.app.schedule if each.name == name)
        if job.uow is None:
            await job.handler(None)
        else:
            async with job.uow() as uow:
                await job.handler(None, uow)
                await uow.commit()
        await self.settle()

    @property
    def data(self) -> Path:
        return Path(self.app.settings.data_dir)

    def mails(self) -> list[tuple[str, str, str]]:
        """To whom, subject and text, oldest first."""
        files = sorted((self.data / "mail").glob("*.eml"))
        for file in files:
            if file not in self._read:
                self._read[file] = _read(file)
        return [self._read[file] for file in files]

    def code(self, subject: str) -> str:
        """Out of the newest mail with this subject."""
        text = next(text for _, found, text in reversed(self.mails()) if found == subject)
        return next(word for word in text.split() if word.startswith("mx_otc_"))

    async def stock_up(self) -> None:
        await self.app.contexts.shipping.seed_shipping()()
        variant = {"sku": "LAMP-1", "price": {"amount": 20_00, "currency": "USD"}}
        product = await self.call("POST", "/products", {"name": "Desk Lamp", "variants": [variant]})
        await self.call("POST", f"/products/{product['id']}/publish")
        self.variant = product["variants"][0]["id"]
        await self.settle()
        await self.call("POST", "/inventory/receipts", {"variant_id": self.variant, "quantity": 100})

    async def register(self, who: dict[str, str], *, verified: bool = True) -> Person:
        person = Person(**who)
        body = {"email": person.email, "password": PASSWORD, "name": person.name}
        await self.call("POST", "/auth/register", body, {})
        await self.settle()
        if verified:
            await self.call("POST", "/auth/verify-email", {"code": self.code(f"Welcome to {self.name}")}, {})
            await self.settle()
        await self.sign_in(person)
        return person

    @property
    def name(self) -> str:
        return str(self.app.contexts.notifications.shop().name)

    async def sign_in(self, person: Person) -> None:
        tokens = await self.call("POST", "/auth/login", {"email": person.email, "password": PASSWORD}, {})
        person.headers = {"authorization": f"Bearer {tokens['access_token']}"}
        person.refresh_token = tokens["refresh_token"]
        person.account_id = (await self.call("GET", "/users/me", None, person.headers))["id"]

    async def cart(self, person: Person, headers: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
        """Ready for checkout, and what opens it."""
        cart = await self.call("POST", "/carts", None, headers)
        key = headers or {"x-cart-token": cart["token"]}
        here = f"/carts/{cart['id']}"
        await self.call("POST", f"{here}/lines", {"variant_id": self.variant, "quantity": 2}, key)
        await self.call("PUT", f"{here}/address", {"email": person.email, "address": person.address}, key)
        options = await self.call("GET", f"{here}/shipping-options", None, key)
        cart = await self.call("PUT", f"{here}/shipping", {"method_id": options["items"][0]["method_id"]}, key)
        return cart, key

    async def order(self, person: Person, *, guest: bool = False) -> dict[str, Any]:
        cart, key = await self.cart(person, {} if guest else person.headers)
        body = {"cart_id": cart["id"], "payment_method": "cod", "expected_total": cart["total"]}
        placed = await self.call("POST", "/orders", body, key | {"idempotency-key": new_id().hex})
        await self.settle()
        order: dict[str, Any] = placed["order"]
        return order

    async def complete(self, order: dict[str, Any]) -> None:
        here = f"/orders/{order['id']}"
        sent = await self.call(
            "POST", f"{here}/shipments", {"carrier": "DHL", "tracking_number": f"{order['address']['city']}-1"}
        )
        await self.call("POST", f"{here}/shipments/{sent['shipments'][0]['id']}/deliver")
        cash = {"payment_id": order["payment_id"], "amount": order["total"], "reference": f"receipt {order['number']}"}
        await self.call("POST", "/payments/cod/collections", cash, self.root | {"idempotency-key": new_id().hex})
        await self.settle()

    async def live(self, who: dict[str, str]) -> Person:
        """A life of a customer, to its traces: a guest's order, two of the account's, a cart, a profile, a book."""
        guest = await self.order(Person(**who), guest=True)
        person = await self.register(who)
        here = person.headers
        await self.call("PATCH", "/users/me", {"phone": person.phone, "birthday": "1990-02-03"}, here)
        await self.call("POST", "/users/me/addresses", {"address": person.address, "label": person.city}, here)
        consent = {"purpose": "marketing_email", "granted": True}
        await self.call("POST", "/users/me/consents", consent, here | {"idempotency-key": "consent"})
        group = await self.send("POST", "/users/groups", {"code": "trade", "name": "Trade"}, self.root)
        if group.status == 201:
            self.group = group.json()["id"]
        await self.call("PUT", f"/users/groups/{self.group}/members/{person.account_id}")
        await self.complete(guest)
        bought, called_off = await self.order(person), await self.order(person)
        await self.complete(bought)
        note = {"note": f"{person.name} called from {person.phone}"}
        await self.call("POST", f"/orders/{bought['id']}/notes", note)
        reason = {"reason": f"wrong street, I live in {person.street}"}
        cancel = here | {"idempotency-key": "cancel"}
        await self.call("POST", f"/orders/{called_off['id']}/cancel", reason, cancel)
        await self.settle()
        await self.cart(person, here)
        person.orders = [guest, bought, called_off]
        return person

    async def ask_erasure(self, person: Person) -> str:
        """Asked and confirmed: the waiting time runs."""
        await self.call("POST", "/users/me/erase", {"password": PASSWORD}, person.headers)
        await self.settle()
        code = self.code("Confirm that we shall forget you")
        await self.call("POST", "/users/me/erase/confirm", {"code": code}, person.headers)
        await self.settle()
        return code

    async def erase(self, person: Person) -> None:
        """The whole way: asked, waited for, closed, erased."""
        await self.ask_erasure(person)
        self.clock.advance(timedelta(days=self.app.settings.erasure_days))
        await self.job("privacy.erasures-due")
        self.clock.advance(timedelta(hours=1))
        await self.job("privacy.erasures-due")

    async def export(self, person: Person) -> tuple[dict[str, Any], dict[str, str]]:
        """The tables of the JSON file, and the CSV files by name."""
        asked = await self.call("POST", "/users/me/export", None, person.headers)
        await self.settle()
        file = await self.send("GET", f"/users/me/exports/{asked['id']}/file", None, person.headers)
        assert file.status == 200, file.body
        with zipfile.ZipFile(io.BytesIO(file.body)) as found:
            texts = {name: found.read(name).decode() for name in found.namelist()}
        return json.loads(texts.pop("data.json"))["tables"], texts


async def opened(settings: Settings, instead: Mapping[providers.Provider, Any] | None = None) -> AsyncIterator[Shop]:
    """`instead` are objects in the place of what the containers' providers make."""
    settings = msgspec.structs.replace(settings, search_refresh_seconds=0.0)
    clock = FixedClock()
    if settings.storage == "memory" and not instead:
        app = new_app(settings, clock)
    else:
        # Before the wiring: subscribers are made with it.
        with contextlib.ExitStack() as stack:
            for provider, made in {Infra.clock: clock, **(instead or {})}.items():
                stack.enter_context(provider.override(providers.Object(made)))
            app = App(settings)
    app.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
    client = AsgiClient(staged(settings, app))
    # On memory nothing has to be started: the news is told when a test says so, and no job runs beside it.
    async with client if settings.storage == "postgres" else nullcontext():
        shop = Shop(app, client, clock)
        await shop.stock_up()
        yield shop


@pytest.fixture
async def memory_shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async for shop in opened(Settings(storage="memory", data_dir=str(tmp_path))):
        yield shop


@pytest.fixture
async def postgres_shop(database_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    async for shop in opened(Settings(database_url=database_url, redis_url=redis_url, data_dir=str(tmp_path))):
        yield shop


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def shop(request: pytest.FixtureRequest) -> Shop:
    found: Shop = request.getfixturevalue(f"{request.param}_shop")
    return found
