"""S02: what a device may change for good ends with its session, and not with its token some minutes later.

The routes come from the router: all that change something in this context for a caller have to ask for the session,
and whatever asks is played.
"""

from datetime import timedelta

import msgspec
import pytest
from dependency_injector import providers
from litestar.handlers import HTTPRouteHandler

from merx.bootstrap.api import Api
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.errors import SignedOut
from merx.contexts.identity.domain.session import EndReason
from merx.contexts.identity.usecases.login import Login
from merx.infra.http.auth import route_rules
from merx.kernel.ids import new_id
from tests.contexts.identity.conftest import HERE, Shop
from tests.infra.http.examples import example
from tests.infra.http.routes import Route, routes_of, target_of
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
EMAIL, PASSWORD = "ada@example.com", "correct horse battery"
# In other contexts; among these what asks for a fresh proof only sometimes, as where a price changes.
ELSEWHERE = {
    "AskForErasure",
    "ConfirmErasure",
    "CancelMyErasure",
    "AskForExport",
    "GetMyExportFile",
    "EditProduct",
    "Approve",
    "EraseUser",
}
# To be out is a state: whoever lost the answer may send it again. It lets nobody stay.
EXCUSED = {"LogoutAll"}
# Whom the routes of a rule turn away before they ask for a session.
OTHERS = {AccountKind.customer: "staff", AccountKind.staff: "customer"}


def named(api: Api) -> list[tuple[str, Route, HTTPRouteHandler]]:
    handlers = {f"{access.method} {access.path}": access.handler for access in api.routes}
    found = [(route, handlers[str(route)]) for route in routes_of(api)]
    return [(str(handler.operation_id), route, handler) for route, handler in found]


def asks(handler: HTTPRouteHandler) -> bool:
    return any(rule.alive for rule in route_rules(handler))


def changes_who_comes_in(route: Route, handler: HTTPRouteHandler) -> bool:
    """Whatever a caller changes in this context: accounts, ways in, sessions, keys, roles, staff and invitations."""
    of_callers = any(rule.name != "public" for rule in route_rules(handler))
    return handler.fn.__module__.startswith("merx.contexts.identity.") and of_callers and route.method in CHANGES


async def outcomes(api: Api, token: str) -> dict[str, str]:
    """What each of the routes says to it: the slug of a refusal, or a status."""
    client, found = AsgiClient(api), {}
    for name, route in [(name, route) for name, route, handler in named(api) if asks(handler)]:
        body = msgspec.json.encode(example(route.body)) if route.body is not None else None
        headers = {"authorization": f"Bearer {token}", "idempotency-key": "0123456789abcdef", "if-match": '"1"'}
        headers |= {"content-type": "application/json"} if body else {}
        answer = await client.request(route.method, target_of(route), headers=headers, body=body)
        found[name] = answer.slug or str(answer.status)
    return found


async def opened(kind: AccountKind, grants: tuple[str, ...]) -> Api:
    app = new_app()
    app.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
    await app.contexts.identity.ensure_account()(EMAIL, "Ada", kind, grants, PASSWORD)
    return staged(app.settings, app)


async def signed_in(api: Api) -> str:
    answer = await AsgiClient(api).post("/api/v1/auth/login", json={"email": EMAIL, "password": PASSWORD})
    return str(answer.json()["access_token"])


@pytest.mark.parametrize(("kind", "grants"), [(AccountKind.customer, ()), (AccountKind.staff, ("*",))])
async def test_s02_who_was_signed_out_makes_no_way_in_with_a_token_that_is_left(
    kind: AccountKind, grants: tuple[str, ...]
):
    api = await opened(kind, grants)
    thief, owner = await signed_in(api), await signed_in(api)
    out = await AsgiClient(api).post("/api/v1/auth/logout-all", headers={"authorization": f"Bearer {owner}"})
    assert out.status == 204
    found = await outcomes(api, thief)
    assert found.keys() >= ELSEWHERE, ELSEWHERE - found.keys()
    # Who has the wrong kind of account hears that first.
    for_others = {name for name, route, _ in named(api) if route.rule.name == OTHERS[kind]}
    wanted = found.keys() - for_others
    assert {name: found[name] for name in wanted} == dict.fromkeys(wanted, SignedOut.slug)


async def test_s02_whatever_changes_who_comes_in_asks_for_the_session():
    """Also what takes something away: who was signed out shuts nobody else out."""
    app = new_app()
    changing = [each for each in named(staged(app.settings, app)) if changes_who_comes_in(each[1], each[2])]
    assert {"MakeApiKey", "RevokeApiKey", "WithdrawInvitation", "EndSession", "ChangeStaff", "RenamePasskey"} <= {
        name for name, _, _ in changing
    }, "this test looks at nothing"
    assert {name for name, _, handler in changing if not asks(handler)} == EXCUSED


async def test_s02_a_session_that_goes_on_is_not_held_up():
    """The negative control."""
    api = await opened(AccountKind.staff, ("*",))
    assert SignedOut.slug not in (await outcomes(api, await signed_in(api))).values()


async def test_s02_a_session_goes_on_until_its_end_and_for_its_account_alone(shop: Shop):
    account_id, other_id = await shop.customer(EMAIL), await shop.customer("bob@example.com")
    await shop.container.login()(Login(email=EMAIL, password=PASSWORD), HERE)
    queries, now = shop.container.queries(), shop.clock.now()
    (session,) = await queries.sessions(account_id, now)
    assert await queries.goes_on(session.id, account_id, now)
    assert not await queries.goes_on(session.id, other_id, now)
    assert not await queries.goes_on(new_id(), account_id, now)
    assert await queries.goes_on(session.id, account_id, session.expires_at - timedelta(seconds=1))
    assert not await queries.goes_on(session.id, account_id, session.expires_at)
    async with shop.container.uow() as uow:
        await uow.sessions.end_all(account_id, EndReason.everywhere, now)
        await uow.commit()
    assert not await queries.goes_on(session.id, account_id, now)
