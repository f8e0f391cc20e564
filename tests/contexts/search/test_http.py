"""The routes behind the real frame: what they answer, and what they refuse."""

from urllib.parse import quote

import pytest

from merx.contexts.search.events import ReindexRequested
from merx.kernel.actor import ActorKind
from tests.contexts.search.conftest import Office, document, variant
from tests.support.asgi import AsgiClient

URL = "/api/v1/search/products"
SUGGEST = "/api/v1/search/suggest"


@pytest.fixture(autouse=True)
async def shelf(office: Office) -> None:
    await office.sell(
        document("Red lamp", variant("R1", 20_00, colour="Red")),
        document("Blue lamp", variant("B1", 30_00, colour="Blue"), brand="Lumo"),
        document("Green lamp", variant("G1", 90_00, available=0, colour="Green")),
    )


async def names(client: AsgiClient, query: str) -> list[str]:
    answer = await client.request("GET", f"{URL}?{query}")
    assert answer.status == 200, answer.body
    return sorted(item["name"] for item in answer.json()["items"])


async def test_a_page_of_results(client: AsgiClient) -> None:
    answer = await client.request("GET", f"{URL}?q=lamp&limit=2&sort=price")
    page = answer.json()
    assert page["total"] == 3
    assert page["next"]
    assert (page["corrected"], page["notes"], page["degraded"]) == (None, [], False)
    item = page["items"][0]
    assert item == {
        "id": item["id"],
        "slug": item["slug"],
        "name": "Red lamp",
        "brand": "Acme",
        "brand_slug": "acme",
        "price_from": {"amount": 2000, "currency": "USD"},
        "price_to": {"amount": 2000, "currency": "USD"},
        "in_stock": True,
        "variant_count": 1,
    }
    facets = {facet["name"]: facet["values"] for facet in page["facets"]}
    assert facets["brand"][0] == {"value": "acme", "label": "Acme", "count": 2}
    assert {value["value"] for value in facets["attr.colour"]} == {"Red", "Blue", "Green"}
    assert page["price"]["ranges"][0] == {"price_min": 2000, "price_max": 2999, "count": 1}
    rest = await client.request("GET", f"{URL}?q=lamp&limit=2&sort=price&after={page['next']}")
    assert [found["name"] for found in rest.json()["items"]] == ["Green lamp"]
    assert rest.json()["next"] is None


FILTERS = [
    ("attr.colour=red", ["Red lamp"]),
    ("attr.colour=Red&attr.colour=BLUE", ["Blue lamp", "Red lamp"]),
    ("attr.Colour=green&in_stock=true", []),
    ("brand=lumo", ["Blue lamp"]),
    ("brand=lumo&brand=acme&in_stock=true", ["Blue lamp", "Red lamp"]),
    ("category=lamps&price_max=2500", ["Red lamp"]),
    ("price_min=2500&price_max=3000", ["Blue lamp"]),
    ("price_min=2500&currency=EUR", []),
    ("q=lmap&category=home", ["Blue lamp", "Green lamp", "Red lamp"]),
    ("q=lamp&facets=none", ["Blue lamp", "Green lamp", "Red lamp"]),
]


async def test_filters(client: AsgiClient) -> None:
    for query, found in FILTERS:
        assert await names(client, query) == found, query


async def test_facets_are_chosen(client: AsgiClient) -> None:
    answer = await client.request("GET", f"{URL}?facets=attr.colour,brand")
    assert [facet["name"] for facet in answer.json()["facets"]] == ["attr.colour", "brand"]
    assert answer.json()["price"] is None


async def test_suggestions(client: AsgiClient) -> None:
    answer = await client.request("GET", f"{SUGGEST}?q=lu")
    assert [brand["slug"] for brand in answer.json()["brands"]] == ["lumo"]
    assert [item["name"] for item in answer.json()["products"]] == ["Blue lamp"]
    assert (await client.request("GET", f"{SUGGEST}?q=")).json() == {"products": [], "categories": [], "brands": []}


OUT_OF_BOUNDS = [
    "limit=1000000000",
    "limit=-1",
    "limit=0",
    "after=1e5",
    "after=WzEwMDAwMF0",
    "after=Wy01XQ",
    "after=" + "a" * 600,
    "q=" + "a" * 201,
    "q=" + "a" * 10_000,
    "q=%00",
    "q=%ff%fe",
    "sort=_score",
    "price_min=-1",
    "price_min=NaN",
    "price_min=99999999999999999999",
    "currency=usd",
    "in_stock=maybe",
    "facets=_source",
    "facets=attr.",
    "facets=" + ",".join(f"attr.{n}" for n in range(13)),
    "&".join(f"attr.{n}=x" for n in range(11)),
    "&".join(f"attr.colour={n}" for n in range(21)),
    "&".join(f"brand={n}" for n in range(21)),
    "attr.=x",
    "attr." + "a" * 101 + "=x",
    "attr.colour=" + "a" * 121,
    "category=" + "a" * 201,
]


async def test_bounds(client: AsgiClient) -> None:
    for query in OUT_OF_BOUNDS:
        answer = await client.request("GET", f"{URL}?{query}")
        assert 400 <= answer.status < 500, (query, answer.body)
        assert answer.is_problem


HOSTILE = ["*:*", "_exists_:name", "/.*/", "name:lamp", "lamp~9", '"lamp', "(((((", "lamp^9", "a AND OR NOT", "\\"]
HOSTILE += ["' or 1=1", "{!func}x", "[* TO *]", "+-+-", "*lamp", "\u202e\u0301", "İ" * 200, "👍", "ß", "-" * 200]
HOSTILE += ["a.b" * 66, "é" * 200]


async def test_query_syntax_is_only_text(client: AsgiClient) -> None:
    for text in HOSTILE:
        for url in (f"{URL}?attr.x%2Ey={quote(text[:100])}&", f"{SUGGEST}?"):
            answer = await client.request("GET", f"{url}q={quote(text)}")
            assert answer.status == 200, (text, answer.body)
            assert answer.json().get("total", 0) == 0


async def test_a_filter_without_a_value_is_refused(client: AsgiClient) -> None:
    for query in ("brand=", "category=", "brand=&brand=acme"):
        answer = await client.request("GET", f"{URL}?{query}")
        assert (answer.status, answer.slug) == (400, "request.invalid"), query


async def test_reindex_is_for_staff(client: AsgiClient, office: Office) -> None:
    path = "/api/v1/search/reindex"
    assert (await client.request("POST", path)).status == 401
    customer = office.bearer(ActorKind.customer)
    assert (await client.request("POST", path, headers=customer)).status == 403
    assert (await client.request("POST", path, headers=office.bearer(ActorKind.staff, "orders:read"))).status == 403
    staff = office.bearer(ActorKind.staff, "search:write")
    assert (await client.request("POST", path, headers=staff)).status == 202
    assert [type(event) for event in office.outbox.events] == [ReindexRequested]


async def test_the_shop_is_ready_without_an_index(client: AsgiClient) -> None:
    answer = await client.request("GET", "/api/v1/health/ready")
    assert answer.status == 200


async def test_what_is_refused_is_named_as_it_was_sent(client: AsgiClient) -> None:
    answer = await client.request("GET", f"{URL}?q={'a' * 201}")
    assert answer.status == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["q"]
    assert answer.json()["detail"].startswith("q: ")
