"""One shop on memory with people in it, for every row of the matrix: made once, taken back after each call."""

from typing import Any
from uuid import UUID

import httpx
from dependency_injector import providers

from merx.bootstrap.container import App
from merx.contexts.identity.adapters.oidc.providers import OidcProviders
from merx.contexts.identity.adapters.oidc.wire import OidcWire
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.one_time_code import CodePurpose, OneTimeCode
from merx.contexts.identity.domain.role import OWNER
from merx.contexts.identity.usecases.api_keys import MakeApiKey
from merx.contexts.identity.usecases.granting import staff_tag
from merx.infra.http.parts import HttpParts
from merx.infra.one_time_codes import OneTimeCodes
from merx.infra.outbox.memory import EVENTS
from merx.infra.settings import Settings
from merx.infra.settings_oidc import OidcProvider
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.ids import new_id
from merx.kernel.rights import AS_HELD
from tests.matrix.catalogue import stock_up
from tests.matrix.people import PASSWORD, Person, postal_address
from tests.matrix.store import Memory, State
from tests.support.asgi import Answer, AsgiClient
from tests.support.drain import drain
from tests.support.oidc.provider import CLIENT_ID, CLIENT_SECRET, ISSUER, StrictProvider
from tests.support.stage import staged

BASE = "/api/v1"
METRICS_TOKEN = "a-token-for-the-reader-of-metrics"
PROVIDER = "login"
# Who hears the deliveries that an entry puts there as given up.
GIVEN_UP = "toy.given-up"
SETTINGS = Settings(storage="memory", metrics_token=METRICS_TOKEN)


def sign_in_provider(app: App) -> OidcProviders:
    """The suite's own, which answers in this process."""
    wire = OidcWire(httpx.ASGITransport(StrictProvider()))
    configured = OidcProvider(name=PROVIDER, issuer=ISSUER, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    return OidcProviders((configured,), f"http://localhost{BASE}", app.infra.clock(), wire)


class Shop:
    """`owner` and `other` are customers, `guest` and `stranger` guests; each has the same kinds of things.

    `catalogue` names what everybody may see, by what it is.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        app.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
        app.contexts.identity.sign_in_providers.override(providers.Object(sign_in_provider(app)))
        self._parts = app.http_parts()
        self.take_the_stage()
        self.memory = Memory(app)
        self.permissions = app.infra.permissions().known()
        self.catalogue: dict[str, str] = {}
        self.root: dict[str, str] = {}

    async def open(self) -> None:
        clerk = await self._account("clerk@example.com", "Clerk", AccountKind.staff, (OWNER,))
        self.clerk_id = clerk
        self.root = self.bearer(clerk, ActorKind.staff, "*")
        self._holder_id = await self._account("holder@example.com", "Holder", AccountKind.staff)
        self._barred_id = await self._account("barred@example.com", "Barred", AccountKind.staff)
        self.holder = self.bearer(self._holder_id, ActorKind.staff, AS_HELD)
        self.barred = self.bearer(self._barred_id, ActorKind.staff, AS_HELD)
        await self._keys(clerk)
        # Only weight: fifty rows that say the same.
        self.memory.empty("audit.entry", "audit.head")
        await self.app.contexts.shipping.seed_shipping()()
        self.catalogue = await stock_up(self.call, self.settle)
        colleague = await self._account("colleague@example.com", "Colleague", AccountKind.staff)
        self.catalogue["colleague"] = str(colleague)
        self.owner = await self._customer("Ada Ownersen", "ada.owner@example.com", "17 Ownersen Street")
        self.other = await self._customer("Bob Otherby", "bob.other@example.com", "23 Otherby Lane")
        self.guest = await self._guest("Gil Guestling", "gil.guest@example.com", "31 Guestling Road")
        self.stranger = await self._guest("Zoe Strangeway", "zoe.stranger@example.com", "47 Strangeway Court")
        self.memory.skip_deliveries()
        self.memory.empty(EVENTS)

    async def close(self) -> None:
        await self.app.close()

    def http_parts(self) -> HttpParts:
        return self._parts

    def take_the_stage(self) -> None:
        self.api = staged(self.app.settings, self)
        self.api.health.started = True
        self.client = AsgiClient(self.api)

    # Who calls.

    def bearer(self, account_id: UUID, kind: ActorKind, *permissions: str) -> dict[str, str]:
        token = self.app.infra.access_tokens().issue(account_id, kind, permissions, ttl=3600)
        return {"authorization": f"Bearer {token}"}

    def staff(self, *permissions: str) -> dict[str, str]:
        return self.bearer(self.clerk_id, ActorKind.staff, *permissions)

    @property
    def staff_ids(self) -> tuple[UUID, ...]:
        return self.clerk_id, self._holder_id, self._barred_id

    def staff_but(self, permission: str) -> dict[str, str]:
        """Holds every right of the shop but one."""
        return self.staff(*self.permissions - {permission})

    async def appoint(self, right: str) -> None:
        """From now on `holder` may do this and nothing else, and `barred` everything else: this is denied."""
        rights = {
            self._holder_id: (right,) if right else (),
            self._barred_id: (*sorted(self.permissions), *([f"!{right}"] if right else ())),
        }
        async with self.app.contexts.identity.uow() as uow:
            for account_id, permissions in rights.items():
                account = await uow.accounts.get(account_id)
                account.permissions = permissions
                await uow.accounts.save(account)
                uow.invalidate(staff_tag(account_id))
            await uow.commit()

    def key(self, permission: str) -> dict[str, str]:
        """A program that may do this and nothing else; without a permission it may do nothing that needs one."""
        return {"authorization": f"Bearer {self._key_texts[permission or 'metrics:read']}"}

    def key_but(self, permission: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self._key_texts['-' + (permission or 'metrics:read')]}"}

    # What they do.

    async def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """The answer as data. Fails when it is not a good one."""
        answer = await self.send(method, BASE + path, body, headers or self.root)
        assert answer.status < 300, f"{method} {path}: {answer.status} {answer.body!r}"
        return answer.json() if answer.body else None

    async def send(self, method: str, target: str, body: Any, headers: dict[str, str]) -> Answer:
        return await self.client.request(method, target, headers=headers, json=body)

    async def settle(self) -> None:
        """Everything that follows, but the index of the search: it takes a second, and shows what anybody may see."""
        self.memory.skip_deliveries("search.")
        await drain(self.app.deliverer, self.app.infra.deliveries(), but=GIVEN_UP)

    async def code(self, purpose: CodePurpose, account_id: UUID, new_email: str | None = None) -> str:
        """As it would stand in a mail."""
        async with self.app.contexts.identity.uow() as uow:
            account = await uow.accounts.get(account_id)
            if purpose is CodePurpose.verify_email:
                account.email_verified_at = None
                await uow.accounts.save(account)
            code = OneTimeCode.issue(account, purpose, self.app.infra.clock().now(), new_email)
            await uow.codes.add(code)
            await uow.commit()
        return OneTimeCodes(self.app.infra.guest_tokens()).text(purpose.value, code.id)

    async def prove_addresses(self) -> None:
        """Of the customers: where nothing is taken back, one who was asked to prove it again has not."""
        async with self.app.contexts.identity.uow() as uow:
            for person in (self.owner, self.other):
                account = await uow.accounts.get(person.account_id)
                account.email_verified_at = account.email_verified_at or self.app.infra.clock().now()
                await uow.accounts.save(account)
            await uow.commit()

    async def _account(self, email: str, name: str, kind: AccountKind, roles: tuple[UUID, ...] = ()) -> UUID:
        made: UUID = await self.app.contexts.identity.ensure_account()(email, name, kind, (), PASSWORD, roles)
        await self.settle()
        return made

    async def _customer(self, name: str, email: str, street: str) -> Person:
        account_id = await self._account(email, name, AccountKind.customer)
        tokens = await self.call("POST", "/auth/login", {"email": email, "password": PASSWORD}, {"x": "y"})
        person = Person(
            name=name,
            email=email,
            account_id=account_id,
            headers={"authorization": f"Bearer {tokens['access_token']}"},
            refresh_token=tokens["refresh_token"],
            address=postal_address(name, street),
        )
        sessions = await self.call("GET", "/auth/sessions", None, person.headers)
        person.session_id = sessions[0]["id"]
        saved = await self.call("POST", "/users/me/addresses", {"address": person.address}, person.headers)
        person.address_id = saved["id"]
        consent = {"purpose": "analytics", "granted": True}
        await self.call("POST", "/users/me/consents", consent, person.headers)
        await self._things(person)
        return person

    async def _guest(self, name: str, email: str, street: str) -> Person:
        person = Person(name=name, email=email, address=postal_address(name, street))
        await self._things(person)
        return person

    async def _things(self, person: Person) -> None:
        person.sent = await self._order(person)
        shipped = await self.call("POST", f"/orders/{person.sent['id']}/shipments", {"carrier": "DHL"})
        person.sent |= {"shipments": shipped["shipments"]}
        person.order = await self._order(person)
        token = person.headers.get("x-order-token", "")
        cart, cart_token = await self._cart(person)
        person.cart = cart
        if person.account_id is None:
            person.headers = {"x-cart-token": cart_token, "x-order-token": token}
        person.words = [
            person.name, person.email, person.address["line1"], person.order["number"], person.sent["number"],
            *filter(None, (person.refresh_token, cart_token, token)),
        ]  # fmt: skip

    async def _cart(self, person: Person) -> tuple[dict[str, Any], str]:
        headers = person.headers if person.account_id else {"x": "y"}
        cart = await self.call("POST", "/carts", None, headers)
        token = cart.get("token") or ""
        if token:
            headers = {"x-cart-token": token}
        path = f"/carts/{cart['id']}"
        await self.call("POST", f"{path}/lines", {"variant_id": self.catalogue["variant"], "quantity": 2}, headers)
        await self.call("PUT", f"{path}/address", {"email": person.email, "address": person.address}, headers)
        options = await self.call("GET", f"{path}/shipping-options", None, headers)
        cart = await self.call("PUT", f"{path}/shipping", {"method_id": options["items"][0]["method_id"]}, headers)
        return cart, token

    async def _order(self, person: Person) -> dict[str, Any]:
        cart, token = await self._cart(person)
        body = {"cart_id": cart["id"], "payment_method": "cod", "expected_total": cart["total"]}
        headers = person.headers if person.account_id else {"x-cart-token": token}
        placed = await self.call("POST", "/orders", body, headers | {"idempotency-key": new_id().hex})
        if person.account_id is None:
            person.headers = {"x-order-token": placed["token"]}
        await self.settle()
        order: dict[str, Any] = placed["order"]
        return order

    async def _keys(self, clerk: UUID) -> None:
        """For each right a key that has it alone, and one that has all others."""
        make = self.app.contexts.identity.look_after_api_keys().make
        boss = Actor(kind=ActorKind.staff, account_id=clerk, permissions=frozenset({"*"}))
        self._key_texts: dict[str, str] = {}
        for permission in sorted(self.permissions):
            others = sorted(self.permissions - {permission})
            for name, scopes in ((permission, [permission]), (f"-{permission}", others)):
                _, text = await make(boss, MakeApiKey(name=name, scopes=tuple(scopes)))
                self._key_texts[name] = text


_one: list[tuple[Shop, State]] = []


async def one_shop() -> Shop:
    """The same for all tests of a process, as it was when it opened: that takes longer than playing a route."""
    if not _one:
        shop = Shop(App(SETTINGS))
        await shop.open()
        _one.append((shop, shop.memory.state()))
    shop, opened = _one[0]
    shop.memory.check()
    shop.memory.restore(opened)
    shop.take_the_stage()
    return shop
