"""A shop in memory with something behind every id that the API asks for, and with spare ones for what is used up."""

import re
from collections import deque
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import UUID

from dependency_injector import providers

from merx.bootstrap.container import App
from merx.contexts.catalog.usecases.commands import EditProduct
from merx.contexts.catalog.usecases.edit_product import EDIT
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.events import EmailVerified
from merx.infra.outbox.events import Subscriber
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import Invalid
from merx.kernel.ids import new_id
from tests.support.asgi import Answer, AsgiClient

BASE = "/api/v1"
PASSWORD = "correct horse battery staple"
ADDRESS = {
    "name": "Ada Byron",
    "line1": "1 Market Street",
    "city": "San Francisco",
    "country": "US",
    "region": "CA",
    "postal_code": "94105",
}
# As many things as one run may delete, send or cancel.
SPARE = 36
_CODE = re.compile(r"mx_otc_[A-Za-z0-9_-]+")


class Person:
    """An account with its token."""

    def __init__(self, account_id: UUID, email: str, token: str) -> None:
        self.id, self.email, self.token = str(account_id), email, token


class Stock:
    """`ids` has what may be asked for again and again, by the name of a field or parameter; the rest is used up."""

    def __init__(self, app: App, spare_things: int = SPARE) -> None:
        self.app = app
        self._spare = spare_things
        self.ids: dict[str, deque[str]] = {}
        self.slugs: dict[str, deque[str]] = {}
        self.cart_tokens: dict[str, str] = {}
        self.order_tokens: dict[str, str] = {}
        self.lines: deque[tuple[str, str]] = deque()
        self.ready: deque[dict[str, Any]] = deque()
        self.unsent: deque[str] = deque()
        self.parcels: deque[tuple[str, str]] = deque()
        self.payments: deque[dict[str, Any]] = deque()
        self.refresh_tokens: deque[str] = deque()
        self.sessions: deque[str] = deque()
        self.spare: deque[Person] = deque()
        self.clerks: deque[str] = deque()
        self.codes: dict[str, deque[str]] = {}
        self.moves: deque[tuple[Person, str]] = deque()
        self.offered: deque[str] = deque()
        self.methods_without_rate: deque[str] = deque()
        self.address = ADDRESS
        self._client = AsgiClient(None)
        self._numbers = count(1)
        # A run sends passwords a thousand times; that a hash is dear is proved where it is made.
        app.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))

    def next_of(self, pool: deque[Any]) -> Any:
        """Each in turn."""
        pool.rotate(-1)
        return pool[-1]

    def name(self, start: str) -> str:
        return f"{start}-{next(self._numbers)}"

    async def fill(self, api: Any) -> None:
        self._client.app = api
        # One index made at the end costs less than one that follows every change.
        with self.app.registry.silenced("search."):
            await self._fill()
        await self.app.contexts.search.reindex()(lambda done: None)

    async def _fill(self) -> None:
        await self.app.contexts.shipping.seed_shipping()()
        self.owner = await self._person("owner@example.com", AccountKind.staff, "*")
        clerks = [await self._person(f"{self.name('clerk')}@example.com", AccountKind.staff) for _ in range(3)]
        self.clerks.extend(clerk.id for clerk in clerks)
        self.customer = await self._person("customer@example.com", AccountKind.customer)
        await self._catalogue()
        await self._approvals()
        await self._shipping()
        await self._people()
        await self.app.deliverer.drain()
        await self._orders()
        await self._codes()
        await self.app.deliverer.drain()
        await self._operations()

    async def _person(self, email: str, kind: AccountKind, *permissions: str) -> Person:
        ensure = self.app.contexts.identity.ensure_account()
        account_id = await ensure(email, "Ada Byron", kind, permissions, PASSWORD)
        token = self.app.infra.access_tokens().issue(account_id, ActorKind(kind), permissions, ttl=3600)
        return Person(account_id, email, token)

    async def _send(
        self, method: str, path: str, body: Any = None, person: Person | None = None, **headers: str
    ) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if person is not None:
            sent["authorization"] = f"Bearer {person.token}"
        answer = await self._client.request(method, BASE + path, json=body, headers=sent)
        assert answer.status < 300, (method, path, answer.status, answer.body)
        return answer

    async def _make(self, path: str, body: Any, person: Person | None = None, **headers: str) -> Any:
        answer = await self._send("POST", path, body, person or self.owner, **headers)
        return answer.json() if answer.body else None

    async def _catalogue(self) -> None:
        categories = [await self._make("/categories", {"name": self.name("Category")}) for _ in range(self._spare)]
        brands = [await self._make("/brands", {"name": self.name("Brand")}) for _ in range(5)]
        products = []
        for number in range(self._spare):
            variants = [
                {"sku": self.name("SKU"), "price": {"amount": 10_00, "currency": "USD"}, "options": {"size": size}}
                for size in ("S", "M")
            ]
            body = {"name": self.name("Product"), "variants": variants, "description": "For every day."}
            body |= {"category_id": categories[0]["id"], "brand_id": brands[0]["id"]}
            product = await self._make("/products", body)
            if number % 3:
                await self._make(f"/products/{product['id']}/publish", None)
            products.append(product)
        # The others are drafts, which nobody buys.
        variants = [variant["id"] for number, each in enumerate(products) if number % 3 for variant in each["variants"]]
        await self.app.deliverer.drain()
        for variant_id in variants:
            await self._make("/inventory/receipts", {"variant_id": variant_id, "quantity": 1000})
        self.ids |= {
            "category_id": deque(each["id"] for each in categories),
            "brand_id": deque(each["id"] for each in brands),
            "product_id": deque(each["id"] for each in products),
            "variant_id": deque(variants),
        }
        self.ids["parent_id"] = self.ids["category_id"]
        on_sale = [each for number, each in enumerate(products) if number % 3]
        for name, things in (("products", on_sale), ("categories", categories), ("brands", brands)):
            self.slugs[name] = deque(text for each in things[:10] for text in (each["id"], each["slug"]))
        locations = (await self._send("GET", "/inventory/locations", person=self.owner)).json()
        self.ids["location_id"] = deque(each["id"] for each in locations)

    async def _approvals(self) -> None:
        """What somebody else asked for: of each product once, for what comes next finds another version."""
        somebody, asked = Actor(kind=ActorKind.staff, account_id=new_id()), []
        for product_id in self.ids["product_id"]:
            async with self.app.contexts.catalog.uow() as uow:
                product, cmd = await uow.products.get(UUID(product_id)), EditProduct(model="New")
                asked.append(await self.app.infra.second_person().ask(uow, somebody, EDIT, product, cmd))
                await uow.commit()
        self.ids["approval_id"] = deque(str(each.approval_id) for each in asked)

    async def _operations(self) -> None:
        """Jobs, and news that somebody refused; tried again in this process they are refused again."""
        self.ids["name"] = deque(job.name for job in self.app.jobs)

        async def refuse(_: EmailVerified) -> None:
            raise Invalid

        self.app.registry.add(Subscriber("toy.refuses", EmailVerified, refuse))
        for _ in range(self._spare):
            async with self.app.contexts.operations.uow() as uow:
                uow.emit(EmailVerified(at=datetime.now(UTC), account_id=new_id(), email="nobody@example.com"))
                await uow.commit()
        await self.app.deliverer.drain()
        page = await self.app.contexts.operations.dead_letter_queries().page(None, None, 100)
        self.ids["letter_id"] = deque(str(letter.id) for letter in page.items)

    async def _shipping(self) -> None:
        zones, methods, rates = [], [], []
        for number in range(self._spare):
            zone = {"name": self.name("Zone"), "countries": ["NZ"], "postal_prefixes": [str(1000 + number)]}
            zones.append((await self._make("/shipping/zones", zone))["id"])
            method = {"zone_id": zones[0], "code": self.name("method"), "name": "Post", "days_min": 1, "days_max": 3}
            methods.append((await self._make("/shipping/methods", method))["id"])
            rate = {"method_id": methods[-1], "currency": "USD", "tiers": [{"price": 500}]}
            rates.append((await self._make("/shipping/rates", rate))["id"])
            method["code"] = self.name("method")
            self.methods_without_rate.append((await self._make("/shipping/methods", method))["id"])
        self.ids |= {"zone_id": deque(zones), "method_id": deque(methods), "rate_id": deque(rates)}

    async def _people(self) -> None:
        groups, addresses, keys = [], [], []
        for _ in range(self._spare):
            groups.append((await self._make("/users/groups", {"code": self.name("group"), "name": "Group"}))["id"])
            saved = await self._make("/users/me/addresses", {"address": ADDRESS}, self.customer)
            addresses.append(saved["id"])
            keys.append(await self._make("/auth/api-keys", {"name": "Key", "scopes": ["orders:read"]}))
            spare = await self._person(f"{self.name('spare')}@example.com", AccountKind.customer)
            self.spare.append(spare)
        for person in list(self.spare)[: self._spare // 2]:
            signed = await self._make("/auth/login", {"email": person.email, "password": PASSWORD})
            self.refresh_tokens.append(signed["refresh_token"])
        for _ in range(self._spare):
            await self._make("/auth/login", {"email": self.customer.email, "password": PASSWORD})
        sessions = (await self._send("GET", "/auth/sessions", person=self.customer)).json()
        self.sessions.extend(each["id"] for each in sessions)
        self.program = keys[0]["key"]
        self.ids |= {
            "group_id": deque(groups),
            "address_id": deque(addresses),
            "key_id": deque(each["api_key"]["id"] for each in keys[1:]),
            "account_id": deque([self.customer.id, *(person.id for person in list(self.spare)[-5:])]),
        }

    async def _cart(self) -> dict[str, Any]:
        """A guest's, ready for checkout."""
        cart = (await self._send("POST", "/carts", {})).json()
        key = {"x_cart_token": cart["token"]}
        here = f"/carts/{cart['id']}"
        self.cart_tokens[cart["id"]] = cart["token"]
        line = {"variant_id": self.next_of(self.ids["variant_id"])}
        await self._send("POST", f"{here}/lines", line, **key)
        await self._send("PUT", f"{here}/address", {"email": "ada@example.com", "address": ADDRESS}, **key)
        options = (await self._send("GET", f"{here}/shipping-options", **key)).json()["items"]
        self.offered = deque(option["method_id"] for option in options)
        ready: dict[str, Any] = (
            await self._send("PUT", f"{here}/shipping", {"method_id": options[0]["method_id"]}, **key)
        ).json()
        assert not ready["problems"] + ready["requirements"], ready
        return ready

    async def _orders(self) -> None:
        carts = [await self._cart() for _ in range(self._spare)]
        self.ids["cart_id"] = deque(each["id"] for each in carts)
        self.lines.extend((each["id"], each["lines"][0]["id"]) for each in carts)
        self.ready.extend([await self._cart() for _ in range(2 * self._spare)])
        placed = [await self.place() for _ in range(self._spare)]
        self.ids["order_id"] = deque(order["id"] for order in placed)
        self.unsent.extend(order["id"] for order in placed[: self._spare // 2])
        self.ids["payment_id"] = deque(order["payment_id"] for order in placed)
        self.payments.extend(
            {"payment_id": order["payment_id"], "amount": order["total"], "reference": self.name("receipt")}
            for order in placed
        )
        for order in placed[self._spare // 2 :]:
            sent = await self._make(f"/orders/{order['id']}/shipments", {"carrier": "DHL"})
            self.parcels.append((order["id"], sent["shipments"][0]["id"]))

    def learn(self, path: str, answer: Any) -> None:
        """The tokens of what a guest made during the run."""
        if path == f"{BASE}/carts" and isinstance(answer.get("token"), str):
            self.cart_tokens[answer["id"]] = answer["token"]
        if path == f"{BASE}/orders" and isinstance(answer.get("token"), str):
            self.order_tokens[answer["order"]["id"]] = answer["token"]

    def checkout(self) -> tuple[dict[str, Any], str]:
        """The body of a checkout that succeeds once, and the cart's token."""
        cart = self.ready.popleft()
        body = {"cart_id": cart["id"], "payment_method": "cod", "expected_total": cart["total"]}
        return body, self.cart_tokens[cart["id"]]

    async def place(self) -> dict[str, Any]:
        body, token = self.checkout()
        answer = await self._send("POST", "/orders", body, x_cart_token=token, idempotency_key=self.name("seed"))
        order: dict[str, Any] = answer.json()["order"]
        self.order_tokens[order["id"]] = answer.json()["token"]
        return order

    async def _codes(self) -> None:
        """Codes as they were mailed, by what they are good for."""
        for purpose in ("verify-email", "reset-password", "change-email"):
            before = len(self._mails())
            people = [self.spare.pop() for _ in range(self._spare // 6)]
            for person in people:
                email = f"{self.name('new')}@example.com"
                if purpose == "verify-email":
                    await self._send("POST", "/auth/register", {"email": email, "name": "New", "password": PASSWORD})
                elif purpose == "reset-password":
                    await self._send("POST", "/auth/password/forgot", {"email": person.email})
                else:
                    await self._send("POST", "/auth/email/change", {"email": email, "password": PASSWORD}, person)
            await self.app.deliverer.drain()
            texts = [text.replace("=\n", "") for text in self._mails()[before:]]
            codes = [found[0] for text in texts if (found := _CODE.search(text))]
            assert len(codes) == len(people), (purpose, len(codes))
            self.codes[purpose] = deque(codes)
            if purpose == "change-email":
                self.moves.extend(zip(people, codes, strict=True))

    def _mails(self) -> list[str]:
        """The oldest first."""
        if self.app.in_memory:
            return [mail.as_string() for mail in self.app.contexts.notifications.mailbox().messages]
        return [file.read_text() for file in sorted(self.app.settings.mail_folder.glob("*.eml"))]
