"""Requests without a right to be answered: in everything else they are as good as the route can wish."""

from datetime import UTC, datetime, timedelta

import msgspec

from merx.bootstrap.infra import AUDIENCE, ISSUER
from merx.infra.tokens import AccessTokens
from merx.kernel.actor import ActorKind
from merx.kernel.errors import NotFound, Unauthenticated
from merx.kernel.ids import new_id
from tests.infra.http.examples import example
from tests.infra.http.hostile import Attacker
from tests.infra.http.routes import Route, target_of
from tests.support.asgi import Answer
from tests.support.clock import FixedClock

# What the rule of a route answers when nobody is signed in. Guests are told nothing: no thing, no hint at one.
REFUSALS = dict.fromkeys(("staff", "signed_in", "customer"), (401, Unauthenticated.slug)) | {
    "guest_or_owner": (404, NotFound.slug)
}


async def as_stranger(attacker: Attacker, route: Route) -> Answer:
    """A request that is right in everything, by somebody without a token of any kind."""
    return await _sent(attacker, route, {})


async def as_latecomer(attacker: Attacker, route: Route) -> Answer:
    """The same, with a token of ours that ran out."""
    staff = route.rule.name == "staff"
    token = _expired(attacker.tokens, ActorKind.staff if staff else ActorKind.customer, route.rule.permission)
    return await _sent(attacker, route, {"authorization": f"Bearer {token}"})


async def _sent(attacker: Attacker, route: Route, headers: dict[str, str]) -> Answer:
    body = None
    if route.body is not None:
        headers = headers | {"content-type": "application/json"}
        body = msgspec.json.encode(example(route.body))
    return await attacker.client.request(route.method, target_of(route), headers=headers, body=body)


def _expired(tokens: AccessTokens, kind: ActorKind, permission: str) -> str:
    """Signed with the key of the shop an hour ago, for a minute."""
    clock = FixedClock(datetime.now(UTC) - timedelta(hours=1))
    then = AccessTokens(tokens._ring, issuer=ISSUER, audience=AUDIENCE, clock=clock)
    return then.issue(new_id(), kind, [permission] if permission else [], ttl=60)
