"""Hostile values in bodies about things that exist: they pass every door, and the use case behind it meets them."""

import pytest

from merx.infra.http.auth import RouteAccess
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.infra.http.attacks import field_attacks
from tests.infra.http.hostile import wrong
from tests.infra.http.routes import Route, routes_of
from tests.matrix.entries.everything import ENTRIES
from tests.matrix.play import name_of, path_of
from tests.matrix.shop import Shop
from tests.matrix.store import changes

pytestmark = pytest.mark.asyncio(loop_scope="session")


# Wrong answers are few for one right password: they are counted beside its token.
COUNTS = {"POST /api/v1/auth/mfa/challenge": "identity.one_time_code"}


async def _failures(shop: Shop, access: RouteAccess, route: Route) -> tuple[list[str], int]:
    """What was not the caller's fault, and how many bodies were good after all."""
    start = shop.memory.state()
    target = await ENTRIES[name_of(access)].target(shop, shop.owner)
    ready = shop.memory.state()
    who = shop.root if access.rule.name == "staff" else shop.owner.headers
    headers = target.headers | who | {"content-type": "application/json"}
    found, good = [], 0
    for attack in field_attacks(route, path_of(access, target), headers, target.body):
        shop.memory.forgive()
        sent = attack.headers | {"idempotency-key": new_id().hex}
        answer = await shop.client.request(access.method, attack.target, headers=sent, body=attack.body)
        good += answer.status < 300
        problem = wrong(attack, answer)
        if changed := changes(ready.fingerprint, shop.memory.fingerprint()):
            shop.memory.restore(ready)
            # Passwords that are wrong leave a row in the audit trail.
            changed = [name for name in changed if not name.startswith("audit.")]
            if name_of(access) in COUNTS:
                changed = [name for name in changed if name != COUNTS[name_of(access)]]
            if changed and answer.status >= 300:
                problem = problem or f"refused with {answer.status}, and yet changed {', '.join(changed)}"
        if problem:
            found.append(f"{route}: {attack.name}: {problem}")
    shop.memory.restore(start)
    return found, good


PARTS = 2


@pytest.mark.parametrize("part", range(PARTS))
async def test_s29_hostile_fields_are_the_callers_fault_deep_inside_too(shop: Shop, part: int):
    described = {str(route): route for route in routes_of(shop.api)}
    found: list[str] = []
    reached = 0
    for access in shop.api.routes[part::PARTS]:
        route = described[name_of(access)]
        if route.body is not None and name_of(access) in ENTRIES:
            wrong_here, good = await _failures(shop, access, route)
            found += wrong_here
            reached += good > 0
    assert found == [], "\n" + "\n".join(found)
    # Values that are odd and allowed came through: the use cases were reached, and not only the doors.
    assert reached > 10


@pytest.mark.services
async def test_s29_hostile_fields_are_the_callers_fault_where_a_database_refuses_them(postgres_shop: Shop):
    """What a column cannot hold is refused before. Nothing is taken back here: an order that is gone is a 4xx too."""
    shop = postgres_shop
    assert shop.owner.account_id is not None
    # A token that no sign-in made: some of these routes end sessions.
    token = shop.app.infra.access_tokens().issue(shop.owner.account_id, ActorKind.customer)
    shop.owner.headers = {"authorization": f"Bearer {token}"}
    described = {str(route): route for route in routes_of(shop.api)}
    found: list[str] = []
    reached: set[str] = set()
    for access in shop.api.routes:
        route = described[name_of(access)]
        if route.body is None or name_of(access) not in ENTRIES:
            continue
        target = await ENTRIES[name_of(access)].target(shop, shop.owner)
        who = shop.root if access.rule.name == "staff" else shop.owner.headers
        headers = target.headers | who | {"content-type": "application/json"}
        for attack in field_attacks(route, path_of(access, target), headers, target.body):
            shop.memory.forgive()
            sent = attack.headers | {"idempotency-key": new_id().hex}
            answer = await shop.client.request(access.method, attack.target, headers=sent, body=attack.body)
            if answer.status < 300:
                reached.add(name_of(access))
            if problem := wrong(attack, answer):
                found.append(f"{route}: {attack.name}: {problem}")
    assert found == [], "\n" + "\n".join(found)
    assert len(reached) > 25
