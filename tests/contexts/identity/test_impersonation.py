"""Staff in the place of a customer: what opens, what stays shut, and what is on record."""

from inspect import signature
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from merx.contexts.identity.domain.account import AccountKind
from merx.infra.audit.memory import ENTRIES as ROWS
from merx.infra.http.auth import RouteAccess
from merx.infra.tokens import AccessTokens
from merx.kernel.actor import ActorKind
from merx.kernel.audit_chain import AuditRow
from merx.kernel.ids import new_id
from tests.matrix.entries.everything import ENTRIES
from tests.matrix.play import name_of
from tests.matrix.shop import BASE, Shop, one_shop
from tests.support.asgi import Answer

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHANGES = ("POST", "PUT", "PATCH", "DELETE")
# What staff does in the place of a customer: helps with what she buys and with how she is reached.
HELPS_WITH = {
    f"POST {BASE}/carts",
    f"POST {BASE}/carts/merge",
    f"POST {BASE}/carts/{{cart_id}}/lines",
    f"PATCH {BASE}/carts/{{cart_id}}/lines/{{line_id}}",
    f"DELETE {BASE}/carts/{{cart_id}}/lines/{{line_id}}",
    f"PUT {BASE}/carts/{{cart_id}}/address",
    f"PUT {BASE}/carts/{{cart_id}}/shipping",
    f"POST {BASE}/orders",
    f"POST {BASE}/orders/{{order_id}}/cancel",
    f"PATCH {BASE}/users/me",
    f"POST {BASE}/users/me/addresses",
    f"PATCH {BASE}/users/me/addresses/{{address_id}}",
    f"DELETE {BASE}/users/me/addresses/{{address_id}}",
}
# And sees, of what is hers: what the person would see, except the file of all that is known of her.
LOOKS_AT = {
    f"GET {BASE}/carts/current",
    f"GET {BASE}/carts/{{cart_id}}",
    f"GET {BASE}/carts/{{cart_id}}/shipping-options",
    f"GET {BASE}/orders",
    f"GET {BASE}/orders/{{order_id}}",
    f"GET {BASE}/users/me",
    f"GET {BASE}/users/me/addresses",
    f"GET {BASE}/users/me/addresses/{{address_id}}",
    f"GET {BASE}/users/me/consents",
    f"GET {BASE}/users/me/consents/history",
    # On which devices she is signed in.
    f"GET {BASE}/auth/sessions",
}
# Public routes that look at who calls; the others know no caller.
PUBLIC_OF_CALLERS = {f"POST {BASE}/carts", f"POST {BASE}/orders"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop() -> Shop:
    return await one_shop()


def rows_of(shop: Shop) -> list[AuditRow]:
    rows = shop.app.infra.store().table(ROWS)
    return [rows[seq] for seq in sorted(rows)]


async def ask(shop: Shop, account_id: Any, headers: dict[str, str], reason: str = "ticket 4711") -> Answer:
    return await shop.send("POST", f"{BASE}/users/{account_id}/impersonate", {"reason": reason}, headers)


async def in_place(shop: Shop) -> dict[str, str]:
    answer = await ask(shop, shop.owner.account_id, shop.staff("users:impersonate"))
    assert answer.status == 201, answer.body
    return {"authorization": f"Bearer {answer.json()['token']}"}


async def test_it_is_asked_for_with_a_reason_and_put_on_record(shop: Shop):
    known = len(rows_of(shop))
    answer = await ask(shop, shop.owner.account_id, shop.staff("users:impersonate"))
    assert answer.status == 201
    assert answer.json()["seconds"] == 900
    assert "refresh_token" not in answer.json()
    (row,) = rows_of(shop)[known:]
    assert (row.action, row.actor_id) == ("identity.impersonation-begun", shop.clerk_id)
    assert row.target_id == str(shop.owner.account_id)
    assert "ticket 4711" in row.changes
    assert answer.json()["token"] not in row.changes
    assert (await ask(shop, shop.owner.account_id, shop.staff("users:impersonate"), " ")).status == 400


async def test_never_for_staff_for_nobody_and_by_programs(shop: Shop):
    boss = shop.staff("users:impersonate")
    refused = await ask(shop, shop.clerk_id, boss)
    assert (refused.status, refused.slug) == (403, "identity.staff-stands-for-itself")
    assert (await ask(shop, new_id(), boss)).status == 404
    assert (await ask(shop, shop.owner.account_id, shop.key("users:impersonate"))).status == 403
    assert (await ask(shop, shop.owner.account_id, shop.staff("users:write"))).status == 403
    # Nor by somebody who acts in the place of another one already.
    assert (await ask(shop, shop.other.account_id, await in_place(shop))).status == 403


async def test_never_for_a_closed_account(shop: Shop):
    state = shop.memory.state()
    await shop.app.contexts.identity.close_account()(shop.other.account_id)
    refused = await ask(shop, shop.other.account_id, shop.staff("users:impersonate"))
    shop.memory.restore(state)
    assert (refused.status, refused.slug) == (404, "identity.account-not-found")


async def test_the_token_speaks_for_the_customer_and_names_who_holds_it(shop: Shop):
    headers = await in_place(shop)
    tokens: AccessTokens = shop.app.infra.access_tokens()
    actor = tokens.verify(headers["authorization"].removeprefix("Bearer "))
    assert (actor.kind, actor.account_id) == (ActorKind.customer, shop.owner.account_id)
    assert (actor.impersonator, actor.session_id, actor.permissions) == (shop.clerk_id, None, frozenset())
    me = await shop.call("GET", "/users/me", None, headers)
    assert me["email"] == shop.owner.email


async def test_every_change_is_on_record_with_both_names(shop: Shop):
    headers, state, known = await in_place(shop), shop.memory.state(), len(rows_of(shop))
    order_id = shop.owner.order["id"]
    await shop.call("POST", "/carts", None, headers)
    await shop.call("POST", f"/orders/{order_id}/cancel", {}, headers)
    rows = rows_of(shop)[known:]
    assert [(row.action, row.target_id) for row in rows] == [
        ("identity.acted-in-place", f"POST {BASE}/carts"),
        ("identity.acted-in-place", f"POST {BASE}/orders/{order_id}/cancel"),
        ("orders.order-cancelled", order_id),
    ]
    assert {(row.actor_kind, row.actor_id, row.impersonator_id) for row in rows} == {
        ("customer", shop.owner.account_id, shop.clerk_id)
    }
    history = await shop.call("GET", f"/orders/{order_id}/timeline")
    cancelled = next(entry for entry in history if entry["kind"] == "cancelled")
    assert cancelled["actor"] == f"customer:{shop.owner.account_id} (staff:{shop.clerk_id})"
    found = await shop.call("GET", f"/audit?actor={shop.clerk_id}&action=identity.acted-in-place&limit=2")
    assert [item["target_id"] for item in found["items"]] == [rows[1].target_id, rows[0].target_id]
    shop.memory.restore(state)


async def test_how_it_was_changed_is_told_and_by_whom(shop: Shop):
    headers, state, known = await in_place(shop), shop.memory.state(), len(rows_of(shop))
    await shop.call("PATCH", "/users/me", {"name": "Canary Newname", "locale": "fr-FR"}, headers)
    tried, changed = rows_of(shop)[known:]
    assert (tried.action, tried.target_id) == ("identity.acted-in-place", f"PATCH {BASE}/users/me")
    assert (changed.action, changed.target_id) == ("users.profile-changed", str(shop.owner.account_id))
    assert msgspec.json.decode(changed.changes) == {
        "name": {"before": "***", "after": "***"},
        "name_key": {"before": "***", "after": "***"},
        "locale": {"before": None, "after": "fr-FR"},
    }
    shop.memory.restore(state)


async def test_an_address_that_gives_way_is_told_too(shop: Shop):
    headers, state, known = await in_place(shop), shop.memory.state(), len(rows_of(shop))
    new = {"address": shop.owner.address, "label": "Canary", "default_shipping": True}
    saved = await shop.call("POST", "/users/me/addresses", new, headers)
    rows = [(row.action, row.target_id, msgspec.json.decode(row.changes)) for row in rows_of(shop)[known + 1 :]]
    lost = {"default_shipping": {"before": True, "after": False}}
    assert rows[0] == ("users.address-changed", shop.owner.address_id, lost)
    assert rows[1][:2] == ("users.address-saved", saved["id"])
    assert rows[1][2]["address"] == rows[1][2]["label"] == {"before": None, "after": "***"}
    shop.memory.restore(state)


async def test_an_order_in_the_place_of_a_customer_is_a_row_and_one_of_her_own_is_none(shop: Shop):
    for headers, wanted in ((await in_place(shop), ["orders.order-placed"]), (shop.owner.headers, [])):
        state, known = shop.memory.state(), len(rows_of(shop))
        sent = headers | {"idempotency-key": new_id().hex}
        placed = await shop.call("POST", "/orders", shop.owner.checkout, sent)
        rows = [row for row in rows_of(shop)[known:] if row.action != "identity.acted-in-place"]
        assert [row.action for row in rows] == wanted
        assert [row.target_id for row in rows] == [placed["order"]["id"]] * len(wanted)
        shop.memory.restore(state)


async def test_nothing_that_was_typed_into_a_path_is_on_record_but_ids(shop: Shop):
    headers, state, unknown = await in_place(shop), shop.memory.state(), new_id()
    for path, told in {
        "/users/me/addresses/ada@secret.example": f"{BASE}/users/me/addresses/{{address_id}}",
        f"/users/me/addresses/{unknown}": f"{BASE}/users/me/addresses/{unknown}",
        f"/users/me/addresses/{str(unknown).upper()}": f"{BASE}/users/me/addresses/{unknown}",
        "/products/ada@secret.example": f"{BASE}/products/{{id_or_slug}}",
        "/ada@secret.example": "",
    }.items():
        known = len(rows_of(shop))
        assert (await shop.send("PATCH", BASE + path, {}, headers)).status in (404, 405)
        (row,) = rows_of(shop)[known:]
        assert (row.action, row.target_id) == ("identity.acted-in-place", f"PATCH {told}".strip()), path
    shop.memory.restore(state)


async def test_reading_leaves_no_row(shop: Shop):
    headers, known = await in_place(shop), len(rows_of(shop))
    await shop.call("GET", "/orders", None, headers)
    assert len(rows_of(shop)) == known


def of_customers(access: RouteAccess) -> bool:
    """Whether the route is for somebody in particular, and no member of staff."""
    return access.rule.name in ("signed_in", "customer", "guest_or_owner") or name_of(access) in PUBLIC_OF_CALLERS


async def test_s07_in_the_place_of_a_customer_every_route_is_decided_about(shop: Shop):
    """From the router: a new route about customers is shut in their place, or named above."""
    headers, wrong, decided = await in_place(shop), [], set()
    for access in filter(of_customers, shop.api.routes):
        name = name_of(access)
        state = shop.memory.state()
        target = await ENTRIES[name].target(shop, shop.owner)
        before = {table: rows for table, rows in shop.memory.fingerprint().items() if not table.startswith("audit.")}
        sent = target.headers | headers | ({"idempotency-key": new_id().hex} if access.method == "POST" else {})
        answer = await shop.send(access.method, target.on(access.path), target.body, sent)
        after = {table: rows for table, rows in shop.memory.fingerprint().items() if not table.startswith("audit.")}
        shop.memory.restore(state)
        if name in HELPS_WITH | LOOKS_AT:
            decided.add(name)
            if not 200 <= answer.status < 300:
                wrong.append(f"{name}: is to be open, got {answer.status} {answer.body[:200]!r}")
        elif answer.status != 403:
            wrong.append(f"{name}: shut it (actor.must_be_in_person) or name it here: {answer.status}")
        elif before != after:
            wrong.append(f"{name}: refused, and yet something changed")
    assert wrong == [], "\n".join(wrong)
    assert decided == HELPS_WITH | LOOKS_AT, "no such route"


async def test_s07_public_routes_that_change_something_for_the_caller_are_known(shop: Shop):
    """The matrix above cannot see by its rule that a public route looks at who calls."""
    looking = {
        name_of(access)
        for access in shop.api.routes
        if access.rule.name == "public"
        and access.method in CHANGES
        and "actor" in signature(access.handler.fn).parameters
    }
    # Whoever accepts an invitation is nobody yet: the code says who she is.
    assert looking == PUBLIC_OF_CALLERS | {f"POST {BASE}/auth/invitations/accept"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/auth/staff/{helper}/disable", None),
        ("PATCH", "/auth/staff/{helper}", {"roles": []}),
        ("PATCH", "/auth/roles/{role}", {"grants": [{"permission": "orders:read"}]}),
    ],
)
async def test_it_ends_with_the_access_and_with_the_right_of_who_holds_it(
    shop: Shop, method: str, path: str, body: dict[str, Any] | None
):
    """Not only after its minutes: whoever is shut out, or may not help any more, is out in the place of others too."""
    state = shop.memory.state()
    grants = [{"permission": "users:impersonate"}]
    role = (await shop.call("POST", "/auth/roles", {"name": "Helpers", "grants": grants}))["id"]
    helper = await shop._account("helper@example.com", "Hal Helper", AccountKind.staff, (UUID(role),))
    token = shop.app.infra.access_tokens().issue(
        shop.owner.account_id, ActorKind.customer, ttl=900, impersonator=helper
    )
    placed = {"authorization": f"Bearer {token}"}
    assert (await shop.send("GET", f"{BASE}/users/me", None, placed)).status == 200
    await shop.call(method, path.format(helper=helper, role=role), body)
    assert (await shop.send("GET", f"{BASE}/users/me", None, placed)).status == 401
    shop.memory.restore(state)
