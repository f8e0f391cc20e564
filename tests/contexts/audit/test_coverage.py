"""Every route by which staff changes something leaves a row, and so do what staff changes in the place of a customer
and everything at the doors.

The routes come from the router and the requests from the entries of the authorisation matrix, so a route that is new is
played the day it is written.
"""

import msgspec
import pytest
import pytest_asyncio

from merx.infra.audit.memory import ENTRIES as ROWS
from merx.infra.http.auth import RouteAccess
from merx.kernel.audit_chain import AuditRow
from merx.kernel.ids import new_id
from tests.contexts.identity.test_impersonation import HELPS_WITH
from tests.matrix.entries.everything import ENTRIES
from tests.matrix.entry import Entry, Target, at, sends
from tests.matrix.people import PASSWORD, Person
from tests.matrix.play import name_of
from tests.matrix.promises import right_of
from tests.matrix.shop import BASE, Shop, one_shop
from tests.matrix.store import changes
from tests.support.asgi import Answer

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHANGES = ("POST", "PUT", "PATCH", "DELETE")
DOORS = f"{BASE}/auth/"
# Routes that need no row, and why.
SPARED = {
    f"POST {BASE}/inventory/verify": "it reads: counters are compared with the ledger and nothing is written",
    f"POST {BASE}/auth/refresh": "every device does it each few minutes; a token that is used again leaves a row",
}
SPARED |= dict.fromkeys(
    (f"POST {BASE}/auth/{name}" for name in ("passkeys/options", "passkeys/registration", "step-up/options")),
    "it hands out a challenge and writes nothing; the answer to it leaves a row",
)


async def other_shipping(shop: Shop, person: Person) -> Target:
    path = f"/carts/{person.cart['id']}"
    options = (await shop.call("GET", f"{path}/shipping-options", None, person.headers))["items"]
    other = next(each["method_id"] for each in options if each["method_id"] != person.method_id)
    return at({"method_id": other}, cart_id=person.cart["id"])


def other_address(_: Shop, person: Person) -> Target:
    return at({"email": f"other.{person.email}", "address": person.address}, cart_id=person.cart["id"])


# Where the entry of the matrix asks for what is there already.
ASKED_IN_PLACE: dict[str, Entry] = {
    f"POST {BASE}/carts": Entry(sends({"currency": "INR"})),
    f"PUT {BASE}/carts/{{cart_id}}/address": Entry(other_address),
    f"PUT {BASE}/carts/{{cart_id}}/shipping": Entry(other_shipping),
}
HOW_IN_PLACE = "no row tells it: call uow.record(*AuditEntry.in_place(…)) in its use case (docs/audit.md)"
# What the platform keeps beside the change itself.
BESIDE = ("audit.", "platform.")
HOW = "leaves no row: call uow.record(AuditEntry…) in its use case (docs/audit.md), or say in SPARED why not"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shop() -> Shop:
    return await one_shop()


def rows_of(shop: Shop) -> list[AuditRow]:
    rows = shop.app.infra.store().table(ROWS)
    return [rows[seq] for seq in sorted(rows)]


async def played(
    shop: Shop, access: RouteAccess, target: Target, headers: dict[str, str]
) -> tuple[Answer, list[AuditRow], str]:
    """What a request gets and leaves, and its id."""
    known, request_id = len(rows_of(shop)), f"audit-{new_id().hex}"
    sent = target.headers | headers | {"x-request-id": request_id}
    if access.method == "POST":
        sent |= {"idempotency-key": new_id().hex}
    shop.memory.forgive()
    answer = await shop.send(access.method, target.on(access.path), target.body, sent)
    return answer, rows_of(shop)[known:], request_id


async def new_rows(shop: Shop, access: RouteAccess, headers: dict[str, str]) -> tuple[list[AuditRow], str]:
    """What a request that is right in everything leaves, and its id. The shop is taken back."""
    start = shop.memory.state()
    target = await ENTRIES[name_of(access)].target(shop, shop.owner)
    answer, found, request_id = await played(shop, access, target, headers)
    assert 200 <= answer.status < 300, f"{name_of(access)}: {answer.status} {answer.body!r}"
    shop.memory.restore(start)
    return found, request_id


def staff_routes(shop: Shop) -> list[RouteAccess]:
    """By rule or by a right of the entry; the matrix fails for a route without an entry."""
    return [
        access
        for access in shop.api.routes
        if access.method in CHANGES
        and name_of(access) in ENTRIES
        and (access.rule.name == "staff" or right_of(access.rule, ENTRIES[name_of(access)]))
    ]


async def test_every_change_by_staff_leaves_a_row(shop: Shop):
    wrong = []
    for access in staff_routes(shop):
        name = name_of(access)
        right = right_of(access.rule, ENTRIES[name])
        found, request_id = await new_rows(shop, access, shop.staff(right))
        if name in SPARED:
            wrong += [f"{name} is spared and leaves a row"] if found else []
        elif not found:
            wrong.append(f"{name} {HOW}")
        wrong += [
            f"{name}: {row.action} does not say who, from where and in which request"
            for row in found
            if (row.actor_kind, row.actor_id, row.request_id, row.client)
            != ("staff", shop.clerk_id, request_id, shop.client.client[0])
        ]
    assert wrong == [], "\n" + "\n".join(wrong)


async def test_a_program_is_named_by_its_key(shop: Shop):
    access = next(each for each in staff_routes(shop) if name_of(each) == f"POST {BASE}/brands")
    (row,), _ = await new_rows(shop, access, shop.key("catalog:write"))
    assert row.actor_kind == "api_key"
    keys = await shop.call("GET", "/auth/api-keys?limit=100")
    assert str(row.actor_id) in {key["id"] for key in keys["items"] if key["scopes"] == ["catalog:write"]}


async def test_everything_at_the_doors_leaves_a_row(shop: Shop):
    wrong = []
    for access in shop.api.routes:
        name = name_of(access)
        if access.method not in CHANGES or not access.path.startswith(DOORS) or name not in ENTRIES:
            continue
        right = right_of(access.rule, ENTRIES[name])
        found, request_id = await new_rows(shop, access, shop.staff(right) if right else shop.owner.headers)
        if name in SPARED:
            wrong += [f"{name} is spared and leaves a row"] if found else []
        elif not found:
            wrong.append(f"{name} {HOW}")
        wrong += [
            f"{name}: {row.action} does not say from where and in which request"
            for row in found
            if (row.request_id, row.client) != (request_id, shop.client.client[0])
        ]
    assert wrong == [], "\n" + "\n".join(wrong)


async def test_every_change_in_the_place_of_a_customer_is_told_by_itself(shop: Shop):
    """Beside the row that says that it was tried: what changed, in the transaction of the change."""
    wrong, told = [], set()
    placed = {"authorization": f"Bearer {await in_place_of(shop, shop.owner)}"}
    for access in shop.api.routes:
        name = name_of(access)
        at_a_door = access.path.startswith(DOORS)
        if access.method not in CHANGES or name not in ENTRIES or at_a_door or access.rule.name == "staff":
            continue
        start = shop.memory.state()
        target = await ASKED_IN_PLACE.get(name, ENTRIES[name]).target(shop, shop.owner)
        ready = shop.memory.fingerprint()
        answer, found, request_id = await played(shop, access, target, placed)
        changed = [table for table in changes(ready, shop.memory.fingerprint()) if not table.startswith(BESIDE)]
        shop.memory.restore(start)
        own = [row for row in found if row.action != "identity.acted-in-place"]
        if answer.status < 300 and changed:
            told.add(name)
            if not [row for row in own if row.changes != "{}"]:
                wrong.append(f"{name} changes {changed} and {HOW_IN_PLACE}")
            wrong += [
                f"{name}: {row.action} does not say who in whose place, from where and in which request"
                for row in found
                if (row.actor_id, row.impersonator_id, row.request_id, row.client)
                != (shop.owner.account_id, shop.clerk_id, request_id, shop.client.client[0])
            ]
    assert wrong == [], "\n" + "\n".join(wrong)
    assert told == HELPS_WITH


async def in_place_of(shop: Shop, person: Person) -> str:
    body, boss = {"reason": "ticket 4711"}, shop.staff("users:impersonate")
    token: str = (await shop.call("POST", f"/users/{person.account_id}/impersonate", body, boss))["token"]
    return token


async def test_what_is_spared_exists(shop: Shop):
    assert set(SPARED) | set(ASKED_IN_PLACE) <= {name_of(access) for access in shop.api.routes}


async def test_no_secret_and_nothing_personal_is_in_the_trail(shop: Shop):
    """The whole matrix was built, and each change played, with people whose names and addresses are known."""
    everything = rows_of(shop)
    for access in shop.api.routes:
        if access.method in CHANGES and name_of(access) in ENTRIES:
            right = right_of(access.rule, ENTRIES[name_of(access)])
            start = shop.memory.state()
            headers = shop.staff(right) if right else shop.owner.headers
            target = await ENTRIES[name_of(access)].target(shop, shop.owner)
            for who in (headers, {"authorization": f"Bearer {await in_place_of(shop, shop.owner)}"}):
                everything += (await played(shop, access, target, who))[1]
            shop.memory.restore(start)
    text = msgspec.json.encode([row.changes for row in everything]).decode()
    assert len(everything) > 60
    assert [word for word in canaries(shop) if word in text] == []


def canaries(shop: Shop) -> list[str]:
    def of(person: Person) -> list[str]:
        order_numbers = {person.order["number"], person.sent["number"]}
        return [word for word in person.words if word not in order_numbers]

    people = [word for person in (shop.owner, shop.other, shop.guest, shop.stranger) for word in of(person)]
    keys = list(shop._key_texts.values())
    return [*people, *keys, PASSWORD, "argon2", "mx_rt_", "clerk@example.com", "new@example.com"]


async def test_actions_are_named_alike(shop: Shop):
    actions = {row.action for row in rows_of(shop)}
    assert actions
    assert [action for action in actions if action.count(".") != 1 or action != action.lower()] == []
