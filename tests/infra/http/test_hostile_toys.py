"""The attacks themselves: they pass on a sound application, and find what is wrong with a careless one."""

import msgspec
import pytest
from litestar import Controller, post
from litestar.params import JSONBody

from merx.infra.http.auth import public
from tests.infra.http.attacks import attacks_on
from tests.infra.http.hostile import Attacker
from tests.infra.http.routes import routes_of
from tests.infra.http.toy import MEMORY, PlaceToy, ToyController, Toys, toy_app
from tests.support.asgi import AsgiClient


class Careless(msgspec.Struct):
    """Takes unknown fields and any number."""

    quantity: int
    name: str


class CarelessController(Controller):
    path = "/careless"

    @post("/", guards=[public])
    async def careless(self, data: JSONBody[Careless]) -> dict[str, int]:
        if data.quantity > 2**63:
            raise OverflowError("integer out of range")
        return {}


async def test_a_sound_application_passes():
    toys = Toys(MEMORY)
    api = toy_app(toys=toys)
    attacker = Attacker(AsgiClient(api), toys.tokens)
    routes = [route for route in routes_of(api) if "/toys" in route.path]
    assert len(routes) == 11
    assert [line for route in routes for line in await attacker.failures(route)] == []


async def test_a_careless_route_is_found_out():
    toys = Toys(MEMORY, ToyController, CarelessController)
    api = toy_app(toys=toys)
    route = next(route for route in routes_of(api) if "careless" in route.path)
    found = "\n".join(await Attacker(AsgiClient(api), toys.tokens).failures(route))
    assert "unknown field price: answered 201" in found
    assert f"quantity: {2**70}: answered 500" in found


async def test_all_inputs_of_a_route_are_seen():
    routes = {(route.method, route.path): route for route in routes_of(toy_app())}
    route = routes["POST", "/api/v1/toys"]
    assert route.body is not None
    assert [parameter.name for parameter in route.in_header] == ["Idempotency-Key"]
    names = {attack.name for attack in attacks_on(route, {"Idempotency-Key": "12345678"})}
    assert {"no Idempotency-Key", "body: unknown field price", "10 MB", "5,000 deep array", "total: text"} <= names
    assert {"lines.0.quantity: -1", "total: unknown field price", "address.city: NUL", "lines: 10,000 items"} <= names
    listing = routes["GET", "/api/v1/toys"]
    assert [parameter.name for parameter in listing.in_query] == ["limit", "after", "q"]


@pytest.mark.parametrize("kind", [PlaceToy])
def test_examples_are_valid(kind: type):
    from tests.infra.http.examples import example

    assert msgspec.convert(example(kind), kind)
