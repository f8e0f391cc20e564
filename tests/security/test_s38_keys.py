"""S38: a kept answer is for the caller who caused it, on the route where it was asked for, and for a day."""

import asyncio
from datetime import timedelta
from typing import Any

import msgspec
from dependency_injector import providers

from merx.bootstrap.container import App
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.domain.account import AccountKind
from merx.infra.http.once import once_of
from merx.infra.idempotency.answers import KEPT_FOR
from merx.infra.idempotency.memory import KEYS
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.infra.http.examples import example
from tests.infra.http.hostile import Attacker
from tests.infra.http.routes import routes_of, target_of
from tests.support.apps import new_app
from tests.support.asgi import Answer, AsgiClient
from tests.support.stage import staged

KEY, PASSWORD = "0123456789abcdef", "correct horse battery"
# Where the answer is kept in the transaction of the effect, and not by the frame.
WITH_THEIR_EFFECT = {"PlaceOrder", "AddCartLine"}


def bearer(app: App, kind: ActorKind = ActorKind.staff) -> dict[str, str]:
    issued = app.infra.access_tokens().issue(new_id(), kind, ["*"] if kind is ActorKind.staff else [])
    return {"authorization": f"Bearer {issued}"}


async def brand(client: AsgiClient, who: dict[str, str], name: str = "Acme", key: str = KEY) -> Answer:
    return await client.post("/api/v1/brands", json={"name": name}, headers=who | {"idempotency-key": key})


async def test_s38_every_route_that_takes_a_key_checks_it():
    app = new_app()
    api = staged(app.settings, app)
    handlers = {f"{access.method} {access.path}": access.handler for access in api.routes}
    found, tried = [], 0
    async with AsgiClient(api) as client:
        attacker = Attacker(client, app.infra.access_tokens())
        for route in routes_of(api):
            handler = handlers[str(route)]
            declared = once_of(handler)
            if declared is None and handler.operation_id not in WITH_THEIR_EFFECT:
                continue
            tried += 1
            headers = attacker.headers(route)
            body = None
            if route.body is not None:
                headers |= {"content-type": "application/json"}
                body = msgspec.json.encode(example(route.body))
            for key in ("k" * 256, "k" * 5000, "", "caf\xe9-caf\xe9-caf\xe9-caf\xe9", "a\tb"):
                sent = headers | {"idempotency-key": key}
                answer = await client.request(route.method, target_of(route), headers=sent, body=body)
                # A guest's thing that does not exist is not found first.
                allowed = (400, 404) if route.rule.name == "guest_or_owner" else (400,)
                if answer.status not in allowed:
                    found.append(f"{route} {key[:5]!r}: {answer.status} {answer.body[:100]!r}")
            if (declared is not None and declared.required) or handler.operation_id == "PlaceOrder":
                without = {name: value for name, value in headers.items() if name.lower() != "idempotency-key"}
                answer = await client.request(route.method, target_of(route), headers=without, body=body)
                if (answer.status, answer.slug) != (400, "idempotency.key-required"):
                    found.append(f"{route} without a key: {answer.status}")
    assert found == []
    assert tried > 25


def test_s38_where_a_key_is_required():
    """Checkout, and whatever moves money."""
    app = new_app()
    routes = staged(app.settings, app).routes
    required = {
        access.handler.operation_id
        for access in routes
        if (declared := once_of(access.handler)) is not None and declared.required
    }
    moves_money = {
        access.handler.operation_id
        for access in routes
        if access.method == "POST" and access.path.startswith("/api/v1/payments")
    }
    assert moves_money
    assert moves_money <= required


async def test_s38_the_same_key_of_others_is_another_key():
    app = new_app()
    client = AsgiClient(staged(app.settings, app))
    ada, bob = bearer(app), bearer(app)
    first = await brand(client, ada)
    assert (first.status, (await brand(client, ada)).header("idempotency-replayed")) == (201, "true")
    other = await brand(client, bob, "Borg")
    assert (other.status, other.json()["name"], other.header("idempotency-replayed")) == (201, "Borg", None)
    # Somebody without the right gets no answer that was kept for one who has it.
    assert (await brand(client, bearer(app, ActorKind.customer))).status == 403
    assert (await client.post("/api/v1/brands", json={"name": "Acme"}, headers={"idempotency-key": KEY})).status == 401


async def test_s38_staff_in_the_place_of_a_customer_gets_no_answer_that_was_kept_for_her():
    """What she alone may ask for is not read out of what she was answered."""
    app = new_app()
    app.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
    issue = app.infra.access_tokens().issue
    client = AsgiClient(staged(app.settings, app))
    ensure = app.contexts.identity.ensure_account()
    ada = await ensure("ada@example.com", "Ada", AccountKind.customer, (), PASSWORD)
    sam = await ensure("sam@example.com", "Sam", AccountKind.staff, ("users:impersonate",), PASSWORD)
    own = {"authorization": f"Bearer {issue(ada, ActorKind.customer)}", "idempotency-key": KEY}
    token = issue(ada, ActorKind.customer, ttl=900, impersonator=sam)
    in_place = {"authorization": f"Bearer {token}", "idempotency-key": KEY}
    asked = await client.post("/api/v1/users/me/export", headers=own)
    assert asked.status == 202, asked.body
    assert (await client.post("/api/v1/users/me/export", headers=in_place)).status == 403
    assert (await client.post("/api/v1/users/me/export", headers=own)).header("idempotency-replayed") == "true"
    carts = [await client.post("/api/v1/carts", headers=who) for who in (own, in_place, in_place)]
    assert [cart.header("idempotency-replayed") for cart in carts] == [None, None, "true"]


async def test_s38_the_same_key_on_another_route_is_another_key():
    app = new_app()
    client = AsgiClient(staged(app.settings, app))
    ada = bearer(app)
    assert (await brand(client, ada)).status == 201
    answer = await client.post("/api/v1/categories", json={"name": "Acme"}, headers=ada | {"idempotency-key": KEY})
    assert (answer.status, answer.header("idempotency-replayed")) == (201, None)


async def test_s38_the_same_key_about_another_thing_is_another_key():
    app = new_app()
    client = AsgiClient(staged(app.settings, app))
    ada = bearer(app)
    made = [await client.post("/api/v1/categories", json={"name": name}, headers=ada) for name in ("A", "B", "C")]
    a, b, above = (answer.json()["id"] for answer in made)
    keyed = ada | {"idempotency-key": KEY}
    moved = [
        await client.post(f"/api/v1/categories/{each}/move", json={"parent_id": above}, headers=keyed)
        for each in (a, b, a)
    ]
    assert [answer.status for answer in moved] == [200, 200, 200], [answer.body for answer in moved]
    assert [answer.header("idempotency-replayed") for answer in moved] == [None, None, "true"]


async def test_s38_the_same_key_with_another_precondition_gets_no_answer_of_the_first():
    app = new_app()
    client = AsgiClient(staged(app.settings, app))
    ada = bearer(app) | {"idempotency-key": KEY}
    assert (await brand(client, ada)).status == 201
    other = await brand(client, ada | {"if-match": '"v1"'})
    assert (other.status, other.slug) == (422, "idempotency.key-reused")
    # No route with an effect knows a query: one that is sent is refused, whatever was answered without it.
    asked = await client.post("/api/v1/brands?x=1", json={"name": "Acme"}, headers=ada)
    assert (asked.status, asked.header("idempotency-replayed")) == (400, None)


async def test_s38_guests_with_one_key_get_a_cart_each():
    """Short keys could meet by chance where nothing else tells callers apart."""
    app = new_app()
    client = AsgiClient(staged(app.settings, app))
    short = await client.post("/api/v1/carts", headers={"idempotency-key": "1"})
    assert (short.status, short.slug) == (400, "idempotency.key-invalid")
    first = await client.post("/api/v1/carts", headers={"idempotency-key": KEY})
    again = await client.post("/api/v1/carts", headers={"idempotency-key": KEY})
    assert (again.body, again.header("idempotency-replayed")) == (first.body, "true")
    customer = await client.post("/api/v1/carts", headers=bearer(app, ActorKind.customer) | {"idempotency-key": KEY})
    assert customer.json()["id"] != first.json()["id"]
    assert "token" not in customer.json() or not customer.json()["token"]


async def test_s38_no_token_is_kept_and_every_replay_has_it():
    app = new_app()
    client = AsgiClient(staged(app.settings, app))
    first = await client.post("/api/v1/carts", headers={"idempotency-key": KEY})
    token = first.json()["token"]
    kept = app.infra.store().table(KEYS)
    assert [row.reply.body.count(b'"token":""') for row in kept.values()] == [1]
    assert token.encode() not in msgspec.msgpack.encode(list(kept.values()))
    again = await client.post("/api/v1/carts", headers={"idempotency-key": KEY})
    assert again.json() == first.json()
    opened = await client.get(f"/api/v1/carts/{first.json()['id']}", headers={"x-cart-token": token})
    assert opened.status == 200


async def test_s38_another_body_is_422_and_twins_at_once_have_one_effect():
    app = new_app()
    client = AsgiClient(staged(app.settings, app))
    ada = bearer(app)
    twins = await asyncio.gather(*(brand(client, ada) for _ in range(6)))
    assert {answer.status for answer in twins} <= {201, 409}
    assert all(answer.header("retry-after") == "1" for answer in twins if answer.status == 409)
    assert len((await client.get("/api/v1/brands")).json()["items"]) == 1
    other = await brand(client, ada, "Borg")
    assert (other.status, other.slug) == (422, "idempotency.key-reused")


async def test_s38_answers_are_kept_for_a_day_and_no_longer():
    assert timedelta(hours=24) == KEPT_FOR
    app = new_app()
    client = AsgiClient(staged(app.settings, app))
    ada = bearer(app)
    assert (await brand(client, ada)).status == 201
    rows: dict[Any, Any] = app.infra.store().table(KEYS)
    (row,) = rows.values()
    now = app.infra.clock().now()
    assert timedelta(hours=24) - timedelta(minutes=1) < row.expires_at - now <= timedelta(hours=24)
    row.expires_at = now
    later = await brand(client, ada, "Borg")
    assert (later.status, later.header("idempotency-replayed")) == (201, None)


class Away:
    """A use case whose database went away, and came back."""

    def __init__(self) -> None:
        self.asked = 0

    async def create(self, *_: Any, **__: Any) -> Any:
        self.asked += 1
        raise ConnectionRefusedError

    __call__ = create


async def test_s38_a_failure_of_ours_is_not_kept():
    app = new_app()
    parts = app.http_parts()
    away = Away()

    class Source:
        def http_parts(self) -> Any:
            return msgspec.structs.replace(parts, dependencies={**parts.dependencies, "edit_brand": away})

    ada = bearer(app)
    broken = AsgiClient(staged(app.settings, Source()))
    assert [(await brand(broken, ada)).status for _ in range(2)] == [503, 503]
    assert away.asked == 2
    assert app.infra.store().table(KEYS) == {}
