"""Members of staff over HTTP."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from merx.contexts.identity.domain.account import AccountStatus
from merx.contexts.identity.ports.staff import StaffFilter, StaffQueries, StaffView
from merx.contexts.identity.usecases.staff import ChangeStaff, StaffHandler
from merx.infra.http.accepted import MAY_WAIT, accepted
from merx.infra.http.auth import staff
from merx.infra.http.once import once
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.infra.http.versions import IfMatch, version_of_if_match, versioned
from merx.kernel.actor import Actor
from merx.kernel.paging import Page
from merx.kernel.text import search_key

Prefix = Annotated[
    str, QueryParameter(max_length=200, pattern=r"^[^\x00]*\Z", description="beginning of a name or an e-mail")
]

_READ, _WRITE = staff("staff:read"), staff("staff:write", fresh=True)


async def _member(queries: StaffQueries, account_id: UUID) -> Response[StaffView]:
    member = await queries.one(account_id)
    return versioned(member)


class StaffController(Controller):
    path = "/auth/staff"
    tags = ["auth"]

    @get("/", guards=[_READ], operation_id="ListStaff", summary="Find members of staff")
    async def members(
        self,
        staff_queries: NamedDependency[StaffQueries],
        q: Prefix = "",
        status: FromQuery[AccountStatus | None] = None,
        role_id: FromQuery[UUID | None] = None,
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[StaffView]:
        """In the order of making, those too that are disabled."""
        wanted = StaffFilter(prefix=search_key(q), status=status, role_id=role_id, after=after, limit=limit)
        return await staff_queries.page(wanted)

    @get("/{account_id:uuid}", guards=[_READ], operation_id="GetStaff", summary="One member of staff")
    async def member(
        self, account_id: FromPath[UUID], staff_queries: NamedDependency[StaffQueries]
    ) -> Response[StaffView]:
        return await _member(staff_queries, account_id)

    @patch(
        "/{account_id:uuid}",
        guards=[_WRITE],
        operation_id="ChangeStaff",
        summary="Change what somebody may do",
        responses=MAY_WAIT,
    )
    async def change(
        self,
        account_id: FromPath[UUID],
        data: JSONBody[ChangeStaff],
        actor: NamedDependency[Actor],
        look_after_staff: NamedDependency[StaffHandler],
        staff_queries: NamedDependency[StaffQueries],
        if_match: IfMatch = None,
    ) -> Response[StaffView]:
        """Holds at once. Neither before nor after may it be more than you hold. Rights that the shop guards wait for a
        second person: 202, and nothing has changed."""
        if asked := await look_after_staff.change(actor, account_id, data, version_of_if_match(if_match)):
            return accepted(asked)
        return await _member(staff_queries, account_id)

    @post(
        "/{account_id:uuid}/disable",
        guards=[_WRITE],
        status_code=200,
        operation_id="DisableStaff",
        summary="Shut somebody out, at once and everywhere",
        **once(),
    )
    async def disable(
        self,
        account_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        look_after_staff: NamedDependency[StaffHandler],
        staff_queries: NamedDependency[StaffQueries],
        if_match: IfMatch = None,
    ) -> Response[StaffView]:
        await look_after_staff.disable(actor, account_id, version_of_if_match(if_match))
        return await _member(staff_queries, account_id)

    @post(
        "/{account_id:uuid}/enable",
        guards=[_WRITE],
        status_code=200,
        operation_id="EnableStaff",
        summary="Let somebody in again",
        **once(),
    )
    async def enable(
        self,
        account_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        look_after_staff: NamedDependency[StaffHandler],
        staff_queries: NamedDependency[StaffQueries],
        if_match: IfMatch = None,
    ) -> Response[StaffView]:
        await look_after_staff.enable(actor, account_id, version_of_if_match(if_match))
        return await _member(staff_queries, account_id)
