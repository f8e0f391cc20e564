"""Every route of the shop answers bad input with a 4xx problem, never with a failure of ours.

The routes come from the router and the input from their types, so a new route is covered the day it is written.
"""

from collections.abc import AsyncIterator, Iterator
from copy import copy
from inspect import getmembers

import msgspec
import pytest
import pytest_asyncio
from dependency_injector import providers
from litestar import Controller
from litestar.handlers import BaseRouteHandler

from merx.bootstrap.api import create_app
from merx.bootstrap.container import App, build
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.infra.http.auth import public
from merx.infra.http.parts import HttpParts
from merx.infra.settings import Settings
from merx.infra.tokens import ExpiredToken
from tests.infra.http.hostile import Attacker
from tests.infra.http.routes import Route, routes_of
from tests.infra.http.strangers import REFUSALS, as_latecomer, as_stranger
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

# Quick to make, and the same routes on every storage.
SETTINGS = Settings(storage="memory")
# Small enough to be shared out among processes, large enough that making the shop costs less than attacking it.
PARTS = 4
# Their use cases refuse strangers in the same words as the rule.
REFUSED_TWICE = {
    # Of no context, so its rule is not taken away.
    "GET /metrics",
    # Whose right ends at some locations is asked which.
    "GET /api/v1/inventory/movements",
    "GET /api/v1/carts/current",
    "GET /api/v1/orders",
    "POST /api/v1/carts/merge",
    "GET /api/v1/auth/sessions",
    "DELETE /api/v1/auth/sessions/{session_id}",
    "POST /api/v1/auth/logout-all",
    "POST /api/v1/auth/oidc/{provider}/link",
    "GET /api/v1/auth/identities",
    "POST /api/v1/auth/identities",
    "DELETE /api/v1/auth/identities/{identity_id}",
    "POST /api/v1/auth/password/change",
    "POST /api/v1/auth/email/change",
    "POST /api/v1/auth/email/confirm",
    "GET /api/v1/auth/mfa",
    "POST /api/v1/auth/mfa/totp",
    "POST /api/v1/auth/mfa/totp/confirm",
    "DELETE /api/v1/auth/mfa/totp",
    "POST /api/v1/auth/mfa/recovery-codes",
    "POST /api/v1/auth/step-up",
    "POST /api/v1/auth/step-up/options",
    "GET /api/v1/auth/passkeys",
    "POST /api/v1/auth/passkeys",
    "POST /api/v1/auth/passkeys/registration",
    "PATCH /api/v1/auth/passkeys/{passkey_id}",
    "DELETE /api/v1/auth/passkeys/{passkey_id}",
    "GET /api/v1/users/me/addresses",
    "POST /api/v1/users/me/addresses",
    "GET /api/v1/users/me/addresses/{address_id}",
    "PATCH /api/v1/users/me/addresses/{address_id}",
    "DELETE /api/v1/users/me/addresses/{address_id}",
    "GET /api/v1/users/me/consents",
    "POST /api/v1/users/me/consents",
    "GET /api/v1/users/me/consents/history",
    "POST /api/v1/users/me/export",
    "GET /api/v1/users/me/exports",
    "GET /api/v1/users/me/exports/{export_id}",
    "GET /api/v1/users/me/exports/{export_id}/file",
    "POST /api/v1/users/me/erase",
    "POST /api/v1/users/me/erase/confirm",
    "GET /api/v1/users/me/erase",
    "DELETE /api/v1/users/me/erase",
}


def routes_behind(attacker: Attacker) -> list[Route]:
    return sorted(routes_of(attacker.client.app), key=str)


def closed_behind(attacker: Attacker) -> list[Route]:
    return [route for route in routes_behind(attacker) if route.rule.name != "public"]


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module", params=["memory", pytest.param("postgres", marks=pytest.mark.services)])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The two kinds of shop. Starts servers, so it must not run on the event loop of the tests."""
    here = msgspec.structs.replace(SETTINGS, data_dir=str(tmp_path_factory.mktemp("shop")))
    if request.param == "memory":
        yield here
        return
    databases = request.getfixturevalue("databases")
    name = databases.create(request.getfixturevalue("migrated_template"))
    yield msgspec.structs.replace(here, storage="postgres", database_url=databases.app_url_of(name))
    databases.drop(name)


def shop_of(settings: Settings) -> App:
    shop = build(settings)
    # Passwords are sent here a hundred times; that a hash is dear is proved where it is made.
    shop.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
    return shop


# One shop for all: making one takes longer than attacking a route.
@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def attacker(settings: Settings) -> AsyncIterator[Attacker]:
    shop = shop_of(settings)
    # From elsewhere, as most who attack.
    async with AsgiClient(staged(settings, shop), client=("192.0.2.7", 50000)) as client:
        yield Attacker(client, shop.infra.access_tokens())


async def test_there_is_something_to_attack(attacker: Attacker):
    routes = routes_behind(attacker)
    assert len(routes) > 40
    assert len([route for route in routes if route.body is not None]) > 15


@pytest.mark.parametrize("part", range(PARTS))
async def test_s29_bad_input_is_the_callers_fault(part: int, attacker: Attacker):
    found = [line for route in routes_behind(attacker)[part::PARTS] for line in await attacker.failures(route)]
    assert found == [], "\n" + "\n".join(found)


async def test_strangers_are_kept_out(attacker: Attacker):
    closed = closed_behind(attacker)
    answers = [(route, await as_stranger(attacker, route)) for route in closed]
    got = {str(route): (answer.is_problem, answer.status, answer.slug) for route, answer in answers}
    assert got == {str(route): (True, *REFUSALS[route.rule.name]) for route in closed}


class Unlocked:
    """The same shop, in which every route says that it is for everybody."""

    def __init__(self, shop: App) -> None:
        self._shop = shop

    def http_parts(self) -> HttpParts:
        parts = self._shop.http_parts()
        return msgspec.structs.replace(parts, controllers=tuple(map(self._unlocked, parts.controllers)))

    @staticmethod
    def _unlocked(controller: type[Controller]) -> type[Controller]:
        handlers = {name: copy(each) for name, each in getmembers(controller) if isinstance(each, BaseRouteHandler)}
        for handler in handlers.values():
            handler.guards = (public,)
        own = {"guards": (public,), "dependencies": vars(controller).get("dependencies", {})}
        return type(controller.__name__, (controller,), handlers | own)


async def test_only_the_rule_keeps_strangers_out(settings: Settings, attacker: Attacker):
    """Without the rules nearly every route answers something else: the test above sees a rule that is missing."""
    closed = closed_behind(attacker)
    async with AsgiClient(create_app(settings, Unlocked(shop_of(settings)))) as client:
        answers = [(route, await as_stranger(Attacker(client, None), route)) for route in closed]
    refused = {str(route) for route, answer in answers if (answer.status, answer.slug) == REFUSALS[route.rule.name]}
    assert refused == REFUSED_TWICE


async def test_expired_tokens_are_refused(attacker: Attacker):
    routes = routes_behind(attacker)
    answers = [(route, await as_latecomer(attacker, route)) for route in routes]
    got = {str(route): (answer.status, answer.slug) for route, answer in answers}
    assert got == dict.fromkeys(map(str, routes), (401, ExpiredToken.slug))
