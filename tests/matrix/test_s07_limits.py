"""Every route that lets in rights with a limit, called by somebody whose limit is too small.

A use case that does not ask for a limit that its route declares fails here, the day it is written.
"""

import pytest

from merx.infra.http.auth import RouteAccess
from merx.kernel.ids import new_id
from merx.kernel.rights import Limit
from tests.matrix.entries.everything import ENTRIES
from tests.matrix.play import name_of
from tests.matrix.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")


def too_small(permission: str, limit: Limit) -> list[str]:
    """Rights that hold the permission and cover no request of the matrix."""
    if limit is Limit.amount:
        return [f"{permission}<=USD:0", f"{permission}<=XTS:1000000000000"]
    return [f"{permission}@{new_id()}"]


async def answer_to(shop: Shop, access: RouteAccess, *rights: str):
    target = await ENTRIES[name_of(access)].target(shop, shop.owner)
    headers = target.headers | shop.staff(*rights) | {"idempotency-key": new_id().hex}
    state = shop.memory.state()
    shop.memory.forgive()
    answer = await shop.send(access.method, target.on(access.path), target.body, headers)
    shop.memory.restore(state)
    return answer


async def test_s07_a_limit_that_a_route_declares_is_asked_for(shop: Shop):
    wrong, seen = [], set()
    for access in shop.api.routes:
        for limit in access.rule.limits:
            seen.add(limit)
            permission = access.rule.permission
            for right in too_small(permission, limit):
                answer = await answer_to(shop, access, right)
                if (answer.status, answer.slug) != (403, "auth.beyond-limit"):
                    wrong.append(f"{name_of(access)}: {right} gets {answer.status}: ask actor.must_may(…, {limit}=…)")
                denied = await answer_to(shop, access, right, permission, f"!{permission}")
                if denied.status != 403:
                    wrong.append(f"{name_of(access)}: a denial gets {denied.status}")
    assert wrong == [], "\n" + "\n".join(wrong)
    assert seen == set(Limit), "some limit is asked for by no route"


async def test_s08_a_route_that_declares_no_limit_lets_no_limited_right_in(shop: Shop):
    """A right with a limit is worth nothing where nobody asks for the limit."""
    wrong = []
    for access in shop.api.routes:
        permission = access.rule.permission
        if permission and not access.rule.limits and access.method != "OPTIONS":
            for limit in Limit:
                answer = await answer_to(shop, access, too_small(permission, limit)[0])
                if (answer.status, answer.slug) != (403, "auth.beyond-limit"):
                    wrong.append(f"{name_of(access)}: {answer.status} {answer.slug}")
    assert wrong == [], "\n" + "\n".join(wrong)
