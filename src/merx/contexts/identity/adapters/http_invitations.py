"""Invitations over HTTP."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from merx.contexts.identity.ports.invitations import InvitationQueries, InvitationView
from merx.contexts.identity.usecases.accept_invitation import AcceptInvitation, AcceptInvitationHandler
from merx.contexts.identity.usecases.invitations import InvitationsHandler, InviteStaff
from merx.infra.http.auth import alive, public, staff
from merx.infra.http.once import once
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.infra.http.route_classes import RouteClass, limited
from merx.kernel.actor import Actor
from merx.kernel.paging import Page
from merx.kernel.ports import Clock

_READ, _WRITE = staff("staff:read"), alive(staff("staff:write"))
# Whoever comes in holds what the inviter gave.
_INVITE = staff("staff:write", fresh=True)


class InvitationsController(Controller):
    path = "/auth/invitations"
    tags = ["auth"]

    @get("/", guards=[_READ], operation_id="ListInvitations", summary="All invitations, newest first")
    async def invitations(
        self,
        invitation_queries: NamedDependency[InvitationQueries],
        clock: NamedDependency[Clock],
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[InvitationView]:
        return await invitation_queries.page(clock.now(), limit, after)

    @post("/", guards=[_INVITE], operation_id="InviteStaff", summary="Ask somebody to join the staff", **once())
    async def invite(
        self,
        data: JSONBody[InviteStaff],
        actor: NamedDependency[Actor],
        look_after_invitations: NamedDependency[InvitationsHandler],
        invitation_queries: NamedDependency[InvitationQueries],
        clock: NamedDependency[Clock],
    ) -> InvitationView:
        """The roles are worth no more than what you hold. The code goes to the mailbox, and is good for 72 hours."""
        invitation_id = await look_after_invitations.invite(actor, data)
        return await invitation_queries.one(clock.now(), invitation_id)

    @post(
        "/{invitation_id:uuid}/resend",
        guards=[_INVITE],
        status_code=200,
        operation_id="ResendInvitation",
        summary="Send a new code; the one before is void",
        **once(),
    )
    async def resend(
        self,
        invitation_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        look_after_invitations: NamedDependency[InvitationsHandler],
        invitation_queries: NamedDependency[InvitationQueries],
        clock: NamedDependency[Clock],
    ) -> InvitationView:
        await look_after_invitations.send_again(actor, invitation_id)
        return await invitation_queries.one(clock.now(), invitation_id)

    @delete("/{invitation_id:uuid}", guards=[_WRITE], operation_id="WithdrawInvitation", summary="Make its code void")
    async def withdraw(
        self,
        invitation_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        look_after_invitations: NamedDependency[InvitationsHandler],
    ) -> None:
        await look_after_invitations.withdraw(actor, invitation_id)

    # Without `once`: the digest of this body would be one of a password.
    @post(
        "/accept",
        guards=[public],
        status_code=204,
        operation_id="AcceptInvitation",
        summary="Join the staff with the code from the mailbox",
        **limited(RouteClass.login),
    )
    async def accept(
        self,
        data: JSONBody[AcceptInvitation],
        actor: NamedDependency[Actor],
        accept_invitation: NamedDependency[AcceptInvitationHandler],
    ) -> None:
        await accept_invitation(actor, data)
