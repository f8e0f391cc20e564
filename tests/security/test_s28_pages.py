"""S28: no list can be made large, on any route. The routes come from the router."""

from time import process_time

from msgspec import inspect

from tests.infra.http.examples import structs_in
from tests.infra.http.hostile import Attacker
from tests.infra.http.routes import Route, routes_of, target_of
from tests.support.apps import new_app
from tests.support.asgi import Answer, AsgiClient
from tests.support.stage import staged

BOMBS = (
    *(
        f"limit={value}"
        for value in ("1000000000", "-1", "0", "101", "1e5", "100000", "NaN", "99999999999999999999999")
    ),
    *("page=100000", "page=1e5", "offset=100000", "per_page=1000", "include=a.b.c.d.e", "expand=*"),
    *("after=" + "x" * 600, "limit=20&limit=100"),
)
SECONDS = 0.05
# Parts of one thing, which are written together; everything else that is worked on in one request is 100 items at most.
PARTS_OF_ONE = {"variants": 500, "barcodes": 200, "countries": 250, "postal_prefixes": 2000, "body.lines": 500}


async def timed(client: AsgiClient, target: str, headers: dict[str, str]) -> tuple[Answer, float]:
    began = process_time()
    answer = await client.get(target, headers=headers)
    return answer, process_time() - began


async def test_s28_no_page_can_be_made_large():
    shop = new_app()
    api = staged(shop.settings, shop)
    lists = [route for route in routes_of(api) if "limit" in {parameter.name for parameter in route.in_query}]
    assert len(lists) > 15
    wrong = []
    async with AsgiClient(api) as client:
        attacker = Attacker(client, shop.infra.access_tokens())
        for route in lists:
            headers = attacker.headers(route)
            # The first request of a route makes what all others use.
            await client.get(target_of(route), headers=headers)
            for bomb in BOMBS:
                answer, took = await timed(client, target_of(route, query=bomb), headers)
                if took > SECONDS:
                    # Jobs of the shop run in this process too, now and then.
                    answer, took = await timed(client, target_of(route, query=bomb), headers)
                if answer.status != 400 or took > SECONDS:
                    wrong.append(f"{route}?{bomb[:30]}: {answer.status} after {took * 1000:.0f} ms")
    assert wrong == [], "\n".join(wrong)


def test_s28_every_list_of_a_body_has_an_end():
    shop = new_app()
    routes = [route for route in routes_of(staged(shop.settings, shop)) if route.body is not None]
    found = {place: size for route in routes for place, size in _lists(route)}
    assert len(found) > 5
    too_large = {place: size for place, size in found.items() if size is None or size > _largest(place)}
    assert too_large == {}


def _largest(place: str) -> int:
    return next((size for name, size in PARTS_OF_ONE.items() if place.endswith(name)), 100)


def _lists(route: Route) -> list[tuple[str, int | None]]:
    return [
        (f"{route} {place}.{field.encode_name}", kind.max_length)
        for place, _, fields in structs_in(route.body)
        for field in fields
        for kind in _kinds(field.type)
        if isinstance(kind, inspect.ListType | inspect.SetType | inspect.VarTupleType)
    ]


def _kinds(kind: inspect.Type) -> list[inspect.Type]:
    if isinstance(kind, inspect.Metadata):
        return _kinds(kind.type)
    return [inner for each in kind.types for inner in _kinds(each)] if isinstance(kind, inspect.UnionType) else [kind]
