"""Every route of the shop answers bad input with a 4xx problem, never with a failure of ours.

The routes come from the router and the input from their types, so a new route is covered the day it is written.
"""

from collections.abc import AsyncIterator

import pytest

from merx.bootstrap.api import create_app
from merx.bootstrap.container import build
from merx.infra.settings import Settings
from tests.infra.http.hostile import Attacker, Route, routes_of
from tests.support.asgi import AsgiClient

SETTINGS = Settings(storage="memory")
ROUTES = routes_of(create_app(SETTINGS))


@pytest.fixture
async def attacker() -> AsyncIterator[Attacker]:
    shop = build(SETTINGS)
    parts = shop.http_parts()
    async with AsgiClient(create_app(SETTINGS, shop)) as client:
        yield Attacker(client, parts.access_tokens)


def test_there_is_something_to_attack():
    assert len(ROUTES) > 40
    assert len([route for route in ROUTES if route.body is not None]) > 15


@pytest.mark.parametrize("route", ROUTES, ids=str)
async def test_bad_input_is_the_callers_fault(route: Route, attacker: Attacker):
    assert await attacker.failures(route) == []


@pytest.mark.parametrize("route", [route for route in ROUTES if route.rule.name != "public"], ids=str)
async def test_strangers_are_kept_out(route: Route, attacker: Attacker):
    answer = await attacker.client.request(route.method, route.path.replace("{", "").replace("}", ""))
    assert answer.status in (401, 404)
    assert answer.is_problem
