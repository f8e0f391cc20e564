"""What a shop has for requests: something behind every id that the API asks for, and spare ones of what is used up."""

from collections import deque
from itertools import count
from typing import Any
from uuid import UUID

from dependency_injector import providers

from merx.bootstrap.container import App
from merx.contexts.identity.adapters.passwords import Argon2Passwords
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


class Person:
    """An account with its token."""

    def __init__(self, account_id: UUID, email: str, token: str) -> None:
        self.id, self.email, self.token = str(account_id), email, token


class Stock:
    """`ids` has what may be asked for again and again, by the name of a field or parameter; the rest is used up."""

    owner: Person
    customer: Person
    # The key of an API client.
    program: str

    def __init__(self, app: App, spare_things: int = SPARE) -> None:
        self.app = app
        self.spare_things = spare_things
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
        self.client = AsgiClient(None)
        self._numbers = count(1)
        # A run sends passwords a thousand times; that a hash is dear is proved where it is made.
        app.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))

    def next_of(self, pool: deque[Any]) -> Any:
        """Each in turn."""
        pool.rotate(-1)
        return pool[-1]

    def name(self, start: str) -> str:
        return f"{start}-{next(self._numbers)}"

    async def send(
        self, method: str, path: str, body: Any = None, person: Person | None = None, **headers: str
    ) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if person is not None:
            sent["authorization"] = f"Bearer {person.token}"
        answer = await self.client.request(method, BASE + path, json=body, headers=sent)
        assert answer.status < 300, (method, path, answer.status, answer.body)
        return answer

    async def make(self, path: str, body: Any, person: Person | None = None, **headers: str) -> Any:
        answer = await self.send("POST", path, body, person or self.owner, **headers)
        return answer.json() if answer.body else None

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
        answer = await self.send("POST", "/orders", body, x_cart_token=token, idempotency_key=self.name("seed"))
        order: dict[str, Any] = answer.json()["order"]
        self.order_tokens[order["id"]] = answer.json()["token"]
        return order
