"""Every route refuses query parameters that it does not know, and one value given twice."""

import pytest
from litestar.exceptions import ValidationException

from merx.infra.http.query import Known, check_query
from merx.kernel.ids import new_id
from tests.infra.http.hostile import Attacker
from tests.infra.http.routes import routes_of, target_of
from tests.support.apps import new_app
from tests.support.asgi import Answer, AsgiClient
from tests.support.stage import staged


def field(answer: Answer) -> tuple[int, str, str]:
    (error,) = answer.json().get("errors") or [{"field": "", "message": ""}]
    return answer.status, error["field"], error["message"]


# Others make these queries, and RFC 6749 §4.1.2 says to ignore what they add; what the route knows comes once.
FOREIGN = {"GET /api/v1/auth/oidc/{provider}/callback"}


async def test_every_route_knows_its_parameters():
    shop = new_app()
    api = staged(shop.settings, shop)
    routes = [route for route in routes_of(api) if route.path.startswith("/api/v1")]
    assert sum(len(route.in_query) for route in routes) > 40
    wrong = []
    async with AsgiClient(api) as client:
        attacker = Attacker(client, shop.infra.access_tokens())
        for route in routes:
            if route.method == "OPTIONS":
                continue
            expected = {"zz_unknown=1": (400, "zz_unknown", "is unknown"), "%7Az=&zz=": (400, "zz", "is unknown")}
            if str(route) in FOREIGN:
                expected = {}
            for parameter in route.in_query:
                name, value = parameter.name, "2026-11-30" if "date" in str(parameter.kind) else "1"
                if "list" not in str(parameter.kind):
                    expected[f"{name}={value}&{name}={value}"] = (400, name, "is given twice")
            for query, answer in expected.items():
                target = target_of(route).partition("?")[0] + f"?{query}"
                got = field(await client.request(route.method, target, headers=attacker.headers(route)))
                if got != answer:
                    wrong.append(f"{route} ?{query}: {got}")
    assert not wrong, "\n".join(wrong)


async def test_lists_and_properties_may_be_repeated():
    shop = new_app()
    client = AsgiClient(staged(shop.settings, shop))
    for target in (
        "/api/v1/search/products?category=a&category=b&attr.size=S&attr.size=M&&limit=5",
        "/api/v1/products?attr.colour=red&attr%2Esize=S&attr.colour=blue",
        "/api/v1/products?",
    ):
        assert (await client.get(target)).status == 200, target


async def test_a_filter_is_not_forgotten_for_the_word_null():
    shop = new_app()
    client = AsgiClient(staged(shop.settings, shop))
    for query in ("in_stock=null", "in_stock=NULL", "price_min=%6Eull"):
        status, name, message = field(await client.get(f"/api/v1/products?{query}"))
        assert (status, message) == (400, "has no value `null`: leave it out"), query
        assert name == query.partition("=")[0]
    # A word like any other where words are looked for.
    assert (await client.get("/api/v1/search/products?q=null")).status == 200


def test_a_time_is_no_number():
    known = {b"until": Known(time=True)}
    for good in (
        b"until=2026-11-30",
        b"until=2026-11-30T10:00:00Z",
        b"until=2026-11-30T10%3A00%3A00%2B05%3A30",
        b"until=",
    ):
        check_query(good, known)
    for bad in (b"until=0.5", b"until=1e9", b"until=%31", b"until=now"):
        with pytest.raises(ValidationException):
            check_query(bad, known)


def test_what_is_known_passes_however_it_is_written():
    for query in (b"limit=5&after=x", b"%6Cimit=5", b"limit", b"&&limit=5&"):
        check_query(query, {b"limit": Known(), b"after": Known()})


async def test_options_names_all_that_an_address_can_do():
    shop = new_app()
    client = AsgiClient(staged(shop.settings, shop))
    for target, allowed in {
        f"/users/groups/{new_id()}/members/{new_id()}": "DELETE, OPTIONS, PUT",
        f"/categories/{new_id()}": "DELETE, GET, HEAD, OPTIONS, PATCH",
        "/users/me": "GET, HEAD, OPTIONS, PATCH",
        "/carts": "OPTIONS, POST",
    }.items():
        answer = await client.request("OPTIONS", f"/api/v1{target}")
        assert (answer.status, answer.header("allow"), answer.body) == (204, allowed, b""), target
