"""Bad input for every route, made from the router: a new route is attacked the day it is written.

`routes_of(api)` lists the routes, `attacks_on(route, …)` what is sent to one. Every answer must be a problem of the
4xx kind; where a value may be good or bad (`Attack.may_pass`) it must only not be a failure of ours.
"""

from typing import Any

from merx.infra.http.auth import GUEST_HEADERS
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.infra.http.attacks import Attack, attacks_on
from tests.infra.http.examples import example
from tests.infra.http.routes import Parameter, Route, bare
from tests.support.asgi import Answer, AsgiClient


class Attacker:
    """Sends the attacks on a route as a caller who passes the route's own rule."""

    def __init__(self, client: AsgiClient, tokens: Any) -> None:
        self.client = client
        self.tokens = tokens

    async def failures(self, route: Route) -> list[str]:
        """One line for each answer that is not as it must be."""
        found = []
        for attack in attacks_on(route, self.headers(route)):
            answer = await self.client.request(route.method, attack.target, headers=attack.headers, body=attack.body)
            if problem := wrong(attack, answer):
                found.append(f"{route}: {attack.name}: {problem}")
        return found

    def headers(self, route: Route) -> dict[str, str]:
        """What makes the caller welcome, and every header the route asks for."""
        sent = {parameter.name: _header_example(parameter) for parameter in route.in_header if parameter.required}
        if route.rule.name == "guest_or_owner":
            sent |= dict.fromkeys(GUEST_HEADERS.values(), "not-the-token")
        elif route.rule.name != "public":
            staff = route.rule.name == "staff"
            kind = ActorKind.staff if staff else ActorKind.customer
            permissions = [route.rule.permission] if staff else []
            sent["authorization"] = f"Bearer {self.tokens.issue(new_id(), kind, permissions)}"
        return sent


def _header_example(parameter: Parameter) -> str:
    try:
        value = str(example(bare(parameter.kind)))
    except (TypeError, ValueError):
        return str(new_id())
    # Constraints of a header may stand in Litestar's marker, which msgspec does not read.
    return value if len(value) >= 16 else str(new_id())


def wrong(attack: Attack, answer: Answer) -> str:
    said = f"{answer.status} {answer.body[:300]!r}"
    if attack.may_pass and 200 <= answer.status < 400:
        return ""
    if not 400 <= answer.status < 500:
        return f"answered {said}"
    if attack.status and answer.status != attack.status:
        return f"expected {attack.status}, answered {said}"
    if not answer.is_problem:
        return f"no problem document: {said}"
    problem = answer.json()
    if problem["status"] != answer.status or not problem["slug"] or not problem["detail"] or not problem["request_id"]:
        return f"incomplete problem: {said}"
    if b"Traceback" in answer.body or b"/src/merx" in answer.body:
        return f"internals are shown: {said}"
    return ""
