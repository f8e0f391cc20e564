"""S23: every answer of every route protects itself, and no cache between hands on what is somebody's own."""

from typing import Any
from urllib.parse import quote

import pytest

from merx.infra.http.auth import RouteAccess
from tests.matrix.entries.everything import ENTRIES
from tests.matrix.play import name_of
from tests.matrix.promises import right_of
from tests.matrix.shop import Shop
from tests.support.asgi import Answer
from tests.support.cdn import Cdn
from tests.support.protection import unprotected

pytestmark = pytest.mark.asyncio(loop_scope="session")

_PAGE = "/api/v1/schema/docs"


async def _target(shop: Shop, access: RouteAccess) -> tuple[str, Any, dict[str, str]]:
    target = await ENTRIES[name_of(access)].target(shop, shop.owner)
    return quote(target.on(access.path), safe="/?&=:+.,"), target.body, target.headers


def _routes(shop: Shop) -> list[RouteAccess]:
    return [access for access in shop.api.routes if name_of(access) in ENTRIES]


async def test_s23_every_answer_of_every_route(shop: Shop):
    """Of the owner, of staff and of nobody; as HEAD, as OPTIONS, with a method that the route does not have."""
    found: list[str] = []
    statuses: set[int] = set()
    for access in _routes(shop):
        state = shop.memory.state() if access.method != "GET" else None
        path, body, headers = await _target(shop, access)
        callers = [{}, shop.owner.headers, shop.staff(*filter(None, [right_of(access.rule, ENTRIES[name_of(access)])]))]
        sent = [(access.method, each) for each in callers] + [("OPTIONS", {}), ("TRACE", {}), ("PUT", {})]
        sent += [("HEAD", each) for each in callers] if access.method == "GET" else []
        for method, who in sent:
            shop.memory.forgive()
            with_body = body if method == access.method else None
            answer: Answer = await shop.send(method, path, with_body, headers | who)
            statuses.add(answer.status)
            problem = unprotected(answer.headers, answer.body, page=path.startswith(_PAGE))
            if "public" in (answer.header("cache-control") or "") and access.rule.name != "public":
                problem += "; may be kept by anybody"
            if problem:
                found.append(f"{method} {access.path}: {answer.status}: {problem}")
        if state is not None:
            shop.memory.restore(state)
    assert found == [], "\n" + "\n".join(found)
    assert {200, 201, 204, 401, 403, 404, 405} <= statuses


async def test_s23_no_cdn_hands_on_what_is_somebodys_own(shop: Shop):
    """A asks for everything through a shared cache, then B does: B gets from it what is public, and nothing of A's."""
    cdn = Cdn(shop.client)
    reads = [access for access in _routes(shop) if access.method == "GET"]
    handed_on: list[str] = []
    public = 0
    for access in reads:
        path, _, headers = await _target(shop, access)
        for first, second in (
            (shop.owner.headers, shop.other.headers),
            (shop.guest.headers, shop.stranger.headers),
            (shop.root, {}),
        ):
            await cdn.get(path, headers | first)
            before = len(cdn.hits)
            answer = await cdn.get(path, headers | second)
            if len(cdn.hits) == before:
                continue
            public += 1
            own = [word for person in (shop.owner, shop.guest) for word in person.words if word.encode() in answer.body]
            if access.rule.name != "public" or own:
                handed_on.append(f"{access.path}: {own}")
    assert handed_on == [], handed_on
    assert public >= 5, "the cache kept nothing at all, so this shows nothing"
    cart = f"/api/v1/carts/{shop.owner.cart['id']}"
    assert (await cdn.get(cart, shop.owner.headers)).status == 200
    assert (await cdn.get(cart, shop.other.headers)).status == 404
    assert cart not in cdn.hits


async def test_s23_the_cdn_of_these_tests_would_hand_on_a_careless_answer():
    """The same cache in front of a shop that forgot to say what is somebody's own."""

    class Careless:
        async def get(self, target: str, headers: dict[str, str]) -> Answer:
            return Answer(200, [(b"content-type", b"application/json")], f"cart of {headers['who']}".encode())

    cdn = Cdn(Careless())
    await cdn.get("/cart", {"who": "A"})
    assert (await cdn.get("/cart", {"who": "B"})).body == b"cart of A"
