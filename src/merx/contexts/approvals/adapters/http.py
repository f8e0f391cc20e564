"""Approvals over HTTP: who asked for what, and another person's yes or no."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from merx.contexts.approvals.ports.queries import ApprovalQueries, ApprovalState, ApprovalView
from merx.contexts.approvals.usecases.decide import DecideHandler, Reject
from merx.infra.http.auth import alive, staff
from merx.infra.http.once import once
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.kernel.actor import Actor
from merx.kernel.paging import Page
from merx.kernel.ports import Clock

_READ, _WRITE = staff("approvals:read"), staff("approvals:write", fresh=True)

# Called otherwise than the parameter: `state` is a name of Litestar's.
_State = Annotated[ApprovalState | None, QueryParameter(name="state")]


class ApprovalsController(Controller):
    path = "/approvals"
    tags = ("approvals",)

    @get("/", guards=[_READ], operation_id="ListApprovals", summary="What waits for a second person, and what did")
    async def approvals(
        self,
        approval_queries: NamedDependency[ApprovalQueries],
        approval_clock: NamedDependency[Clock],
        wanted: _State = None,
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[ApprovalView]:
        """Newest first."""
        return await approval_queries.page(wanted, approval_clock.now(), after, limit)

    @get("/{approval_id:uuid}", guards=[_READ], operation_id="GetApproval", summary="One approval")
    async def approval(
        self,
        approval_id: FromPath[UUID],
        approval_queries: NamedDependency[ApprovalQueries],
        approval_clock: NamedDependency[Clock],
    ) -> ApprovalView:
        return await approval_queries.one(approval_id, approval_clock.now())

    @post(
        "/{approval_id:uuid}/approve",
        guards=[alive(_WRITE)],
        status_code=200,
        operation_id="Approve",
        summary="Agree, and have it done",
        **once(),
    )
    async def approve(
        self,
        approval_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        decide: NamedDependency[DecideHandler],
        approval_queries: NamedDependency[ApprovalQueries],
        approval_clock: NamedDependency[Clock],
    ) -> ApprovalView:
        """By another person than the one who asked, who holds the right for the thing itself. A thing that was changed
        since it was asked about stays as it is: 409."""
        await decide.approve(actor, approval_id)
        return await approval_queries.one(approval_id, approval_clock.now())

    @post(
        "/{approval_id:uuid}/reject",
        guards=[_WRITE],
        status_code=200,
        operation_id="Reject",
        summary="Refuse, or take back what you asked for",
        **once(),
    )
    async def reject(
        self,
        approval_id: FromPath[UUID],
        data: JSONBody[Reject],
        actor: NamedDependency[Actor],
        decide: NamedDependency[DecideHandler],
        approval_queries: NamedDependency[ApprovalQueries],
        approval_clock: NamedDependency[Clock],
    ) -> ApprovalView:
        await decide.reject(actor, approval_id, data)
        return await approval_queries.one(approval_id, approval_clock.now())
