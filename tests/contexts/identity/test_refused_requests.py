"""Who asks for what is not hers to ask, or whose browser was made to, is on record: some of it, never as much as she
likes.
"""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from merx.bootstrap.container import App
from merx.contexts.identity.domain.refusals import MOST_ALIKE
from merx.contexts.identity.usecases.api_keys import MakeApiKey
from merx.infra.audit.memory import ENTRIES as ROWS
from merx.infra.http.parts import HttpParts
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.audit_chain import AuditRow
from merx.kernel.ids import new_id
from tests.matrix.shop import BASE, SETTINGS, Shop
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop() -> AsyncIterator[Shop]:
    """One of its own: in the shop of all tests of the process others may have used up what is written in an hour."""
    shop = Shop(App(SETTINGS))
    await shop.open()
    shop.take_the_stage()
    yield shop
    await shop.close()


# Other tests may have used up what is written about one account in an hour.
def anybody(shop: Shop, kind: ActorKind, *permissions: str) -> tuple[str, dict[str, str]]:
    account_id = new_id()
    return str(account_id), shop.bearer(account_id, kind, *permissions)


def rows_of(app: App) -> list[AuditRow]:
    rows = app.infra.store().table(ROWS)
    return [row for _, row in sorted(rows.items()) if row.action == "identity.request-refused"]


def told(row: AuditRow) -> dict[str, Any]:
    """Without how many were left out before: those of other tests are among them."""
    changes = msgspec.json.decode(row.changes)
    return {name: change["after"] for name, change in changes.items() if name != "left_out"}


async def test_who_has_not_the_right_is_on_record(shop: Shop):
    product = new_id()
    boss = Actor(kind=ActorKind.staff, account_id=shop.clerk_id, permissions=frozenset({"*"}))
    make = shop.app.contexts.identity.look_after_api_keys().make
    key_id, text = await make(boss, MakeApiKey(name="till", scopes=("metrics:read",)))
    program = str(key_id), {"authorization": f"Bearer {text}"}
    for who, target, (account_id, headers) in (
        ("customer", "account", anybody(shop, ActorKind.customer)),
        ("staff", "account", anybody(shop, ActorKind.staff, "catalog:read")),
        ("api_key", "api-key", program),
    ):
        known = len(rows_of(shop.app))
        sent = headers | {"x-request-id": f"refused-{who}"}
        answer = await shop.send("PATCH", f"{BASE}/products/{product}", {"name": "ada@secret.example"}, sent)
        assert answer.status == 403
        (row,) = rows_of(shop.app)[known:]
        assert told(row) == {"operation": f"PATCH {BASE}/products/{product}", "reason": "auth.forbidden"}
        assert (row.actor_kind, row.target, row.target_id, str(row.actor_id)) == (who, target, account_id, account_id)
        assert (row.request_id, row.client) == (f"refused-{who}", shop.client.client[0])


async def test_reads_of_staff_are_told_and_nothing_that_was_typed(shop: Shop):
    known, (_, headers) = len(rows_of(shop.app)), anybody(shop, ActorKind.customer)
    answer = await shop.send("GET", f"{BASE}/users?q=ada@secret.example", None, headers)
    assert answer.status == 403
    (row,) = rows_of(shop.app)[known:]
    assert told(row)["operation"] == f"GET {BASE}/users"
    assert "secret" not in str(row)


async def test_in_the_place_of_a_customer_both_names_are_told(shop: Shop):
    customer_id, issue = new_id(), shop.app.infra.access_tokens().issue
    token = issue(customer_id, ActorKind.customer, ttl=900, impersonator=shop.clerk_id)
    known = len(rows_of(shop.app))
    placed = {"authorization": f"Bearer {token}"}
    assert (await shop.send("POST", f"{BASE}/users/me/export", None, placed)).status == 403
    (row,) = rows_of(shop.app)[known:]
    assert (row.actor_id, row.impersonator_id) == (customer_id, shop.clerk_id)


async def test_a_change_that_another_page_forged_is_on_record(shop: Shop):
    account_id, headers = anybody(shop, ActorKind.customer)
    cookie = {"cookie": f"merx-access={headers['authorization'].removeprefix('Bearer ')}"}
    for sent, reason in (
        ({"origin": "https://evil.example"}, "auth.unknown-origin"),
        ({"origin": "http://localhost:8000"}, "auth.wrong-csrf-token"),
    ):
        known = len(rows_of(shop.app))
        answer = await shop.send("POST", f"{BASE}/carts", None, cookie | sent)
        assert (answer.status, answer.slug) == (403, reason)
        (row,) = rows_of(shop.app)[known:]
        assert str(row.actor_id) == row.target_id == account_id
        assert told(row) == {"operation": f"POST {BASE}/carts", "reason": reason}
        assert "evil" not in str(row)


async def test_a_flood_is_counted_and_uses_up_no_places_of_sign_ins(shop: Shop):
    known, (_, headers) = len(rows_of(shop.app)), anybody(shop, ActorKind.staff, "catalog:read")
    for _ in range(4 * MOST_ALIKE):
        shop.memory.forgive()
        assert (await shop.send("POST", f"{BASE}/brands", {"name": "x"}, headers)).status == 403
    assert len(rows_of(shop.app)) - known == MOST_ALIKE
    assert shop.app.contexts.identity.refused_requests() is not shop.app.contexts.identity.refusals()


async def test_what_is_not_found_or_not_known_is_no_row(shop: Shop):
    known = len(rows_of(shop.app))
    assert (await shop.send("GET", f"{BASE}/orders/{new_id()}", None, shop.owner.headers)).status == 404
    assert (await shop.send("POST", f"{BASE}/brands", {"name": "x"}, {"x": "y"})).status == 401
    assert len(rows_of(shop.app)) == known


class Broken:
    async def request(self, actor: Actor, operation: str, reason: str) -> None:
        raise RuntimeError("the trail is away")


class Source:
    def __init__(self, parts: HttpParts) -> None:
        self.parts = parts

    def http_parts(self) -> HttpParts:
        return self.parts


async def test_the_answer_is_the_same_when_it_cannot_be_put_on_record():
    app = new_app()
    parts = msgspec.structs.replace(app.http_parts(), refused_requests=Broken())
    client = AsgiClient(staged(app.settings, Source(parts)))
    token = app.infra.access_tokens().issue(new_id(), ActorKind.customer)
    answer = await client.get("/api/v1/users", headers={"authorization": f"Bearer {token}"})
    assert (answer.status, answer.slug) == (403, "auth.forbidden")
