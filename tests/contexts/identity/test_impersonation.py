"""Staff in the place of a customer: what opens, what stays shut, and what is on record."""

from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from merx.contexts.identity.domain.account import AccountKind
from merx.infra.audit.memory import ENTRIES as ROWS
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
# What only the owner does, by how the path begins; everything of it that asks who is calling.
IN_PERSON = (f"{BASE}/auth/", f"{BASE}/users/me/export", f"{BASE}/users/me/erase")
# What staff may look at: on which devices the customer is signed in, and through which providers.
SHOWN_IN_PLACE = (f"{BASE}/auth/",)
# These ask a customer who she is by what she sends, not by her token, or change nothing of the account.
NOT_ABOUT_THE_CALLER = {"public"}


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


async def test_reading_leaves_no_row(shop: Shop):
    headers, known = await in_place(shop), len(rows_of(shop))
    await shop.call("GET", "/orders", None, headers)
    assert len(rows_of(shop)) == known


async def test_what_only_the_owner_may_do_stays_shut(shop: Shop):
    """From the router: a route that comes below these paths is tried the day it is written."""
    headers, open_doors, tried = await in_place(shop), [], 0
    for access in shop.api.routes:
        name = name_of(access)
        if not access.path.startswith(IN_PERSON) or name not in ENTRIES or access.rule.name in NOT_ABOUT_THE_CALLER:
            continue
        if access.method not in CHANGES and access.path.startswith(SHOWN_IN_PLACE):
            continue
        state = shop.memory.state()
        target = await ENTRIES[name].target(shop, shop.owner)
        before = {table: rows for table, rows in shop.memory.fingerprint().items() if not table.startswith("audit.")}
        sent = target.headers | headers | {"idempotency-key": new_id().hex}
        answer = await shop.send(access.method, target.on(access.path), target.body, sent)
        after = {table: rows for table, rows in shop.memory.fingerprint().items() if not table.startswith("audit.")}
        if answer.status != 403:
            open_doors.append(f"{name}: {answer.status} {answer.body[:200]!r}")
        elif before != after:
            open_doors.append(f"{name}: refused, and yet something changed")
        tried += 1
        shop.memory.restore(state)
    assert open_doors == [], "\n".join(open_doors)
    assert tried > 15


async def test_it_ends_with_the_access_of_who_holds_it(shop: Shop):
    """Not only after its minutes: a member of staff who is shut out is out in the place of others too."""
    state = shop.memory.state()
    helper: UUID = await shop._account("helper@example.com", "Hal Helper", AccountKind.staff)
    token = shop.app.infra.access_tokens().issue(
        shop.owner.account_id, ActorKind.customer, ttl=900, impersonator=helper
    )
    placed = {"authorization": f"Bearer {token}"}
    assert (await shop.send("GET", f"{BASE}/users/me", None, placed)).status == 200
    await shop.call("POST", f"/auth/staff/{helper}/disable")
    assert (await shop.send("GET", f"{BASE}/users/me", None, placed)).status == 401
    shop.memory.restore(state)
