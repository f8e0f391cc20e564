"""The devices on which somebody is signed in."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath

from merx.contexts.identity.adapters.http import caller_of
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.ports.queries import SessionSummary
from merx.contexts.identity.usecases.end_sessions import EndAllSessionsHandler, EndSessionHandler
from merx.contexts.identity.usecases.list_sessions import ListSessionsHandler
from merx.infra.http.auth import alive, signed_in
from merx.infra.http.token_answers import ends_session
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import Unauthenticated


def account_of(actor: Actor) -> UUID:
    """The account of whoever signed in. Raises Unauthenticated for a program, also when a key speaks for somebody."""
    if actor.account_id is None or actor.kind not in (ActorKind.customer, ActorKind.staff):
        raise Unauthenticated("sign in with an account")
    return actor.account_id


def owner_of(actor: Actor) -> UUID:
    """Like `account_of`, for what the owner does in person. Raises Forbidden for staff in the place of a customer."""
    actor.must_be_in_person()
    return account_of(actor)


class SessionsController(Controller):
    path = "/auth"
    tags = ["auth"]
    dependencies = {"caller": Provide(caller_of)}

    @get("/sessions", guards=[signed_in], operation_id="ListSessions", summary="Devices that are signed in")
    async def sessions(
        self, actor: NamedDependency[Actor], list_sessions: NamedDependency[ListSessionsHandler]
    ) -> list[SessionSummary]:
        account_of(actor)
        return await list_sessions(actor)

    @delete(
        "/sessions/{session_id:uuid}",
        guards=[alive(signed_in)],
        status_code=204,
        operation_id="EndSession",
        summary="Sign out one device",
    )
    async def end(
        self,
        session_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        end_session: NamedDependency[EndSessionHandler],
    ) -> None:
        await end_session(owner_of(actor), session_id, caller)

    @post(
        "/logout-all",
        guards=[signed_in],
        status_code=204,
        operation_id="LogoutAll",
        summary="Sign out every device",
        **ends_session(),
    )
    async def end_all(
        self,
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        end_all_sessions: NamedDependency[EndAllSessionsHandler],
    ) -> None:
        await end_all_sessions(owner_of(actor), caller)
