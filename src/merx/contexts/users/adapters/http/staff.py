"""What staff sees and changes of people and their groups."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from merx.contexts.users.domain.profile import Kind
from merx.contexts.users.ports.queries import (
    GroupView,
    TimelineEntry,
    UserDetail,
    UserFilter,
    UserSort,
    UsersQueries,
    UserSummary,
)
from merx.contexts.users.usecases.groups import (
    ChangeGroup,
    ChangeGroupHandler,
    CreateGroup,
    CreateGroupHandler,
    MembershipHandler,
    RemoveGroupHandler,
)
from merx.contexts.users.usecases.profiles import ChangeProfile
from merx.contexts.users.usecases.staff import ChangeUserHandler, ReadUserHandler
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
Sort = Annotated[UserSort, QueryParameter(description="order of the list")]

_READ, _WRITE = staff("users:read"), staff("users:write")


async def _user(read_user: ReadUserHandler, account_id: UUID) -> Response[UserDetail]:
    user = await read_user(account_id)
    return versioned(user)


class UsersController(Controller):
    path = "/users"
    tags = ("users",)

    @get("/", guards=[_READ], operation_id="ListUsers", summary="Find people")
    async def list_users(
        self,
        users_queries: NamedDependency[UsersQueries],
        q: Prefix = "",
        kind: FromQuery[Kind | None] = None,
        group_id: FromQuery[UUID | None] = None,
        sort: Sort = UserSort.newest,
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[UserSummary]:
        wanted = UserFilter(prefix=search_key(q), kind=kind, group_id=group_id, sort=sort, after=after, limit=limit)
        return await users_queries.users(wanted)

    @get("/{account_id:uuid}", guards=[_READ], operation_id="GetUser", summary="One person")
    async def read(
        self, account_id: FromPath[UUID], read_user: NamedDependency[ReadUserHandler]
    ) -> Response[UserDetail]:
        return await _user(read_user, account_id)

    @patch("/{account_id:uuid}", guards=[_WRITE], operation_id="ChangeUser", summary="Correct a profile")
    async def change(
        self,
        account_id: FromPath[UUID],
        data: JSONBody[ChangeProfile],
        actor: NamedDependency[Actor],
        change_user: NamedDependency[ChangeUserHandler],
        read_user: NamedDependency[ReadUserHandler],
        if_match: IfMatch = None,
    ) -> Response[UserDetail]:
        await change_user(actor, account_id, data, version_of_if_match(if_match))
        return await _user(read_user, account_id)

    @get("/{account_id:uuid}/timeline", guards=[_READ], operation_id="GetUserTimeline", summary="What happened")
    async def timeline(
        self,
        account_id: FromPath[UUID],
        read_user: NamedDependency[ReadUserHandler],
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[TimelineEntry]:
        """Newest first."""
        return await read_user.timeline(account_id, after, limit)


async def _group(queries: UsersQueries, group_id: UUID, status: int = 200) -> Response[GroupView]:
    group = await queries.group(group_id)
    return versioned(group, status)


class GroupsController(Controller):
    path = "/users/groups"
    tags = ("users",)

    @get("/", guards=[_READ], operation_id="ListCustomerGroups", summary="Groups, in the order of making")
    async def list_groups(
        self,
        users_queries: NamedDependency[UsersQueries],
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[GroupView]:
        return await users_queries.groups(after, limit)

    @post("/", guards=[_WRITE], operation_id="CreateCustomerGroup", summary="Make a group", **once())
    async def create(
        self,
        data: JSONBody[CreateGroup],
        actor: NamedDependency[Actor],
        create_group: NamedDependency[CreateGroupHandler],
        users_queries: NamedDependency[UsersQueries],
    ) -> Response[GroupView]:
        return await _group(users_queries, await create_group(actor, data), 201)

    @get("/{group_id:uuid}", guards=[_READ], operation_id="GetCustomerGroup", summary="One group")
    async def read(self, group_id: FromPath[UUID], users_queries: NamedDependency[UsersQueries]) -> Response[GroupView]:
        return await _group(users_queries, group_id)

    @patch("/{group_id:uuid}", guards=[_WRITE], operation_id="ChangeCustomerGroup", summary="Edit a group")
    async def change(
        self,
        group_id: FromPath[UUID],
        data: JSONBody[ChangeGroup],
        actor: NamedDependency[Actor],
        change_group: NamedDependency[ChangeGroupHandler],
        users_queries: NamedDependency[UsersQueries],
        if_match: IfMatch = None,
    ) -> Response[GroupView]:
        await change_group(actor, group_id, data, version_of_if_match(if_match))
        return await _group(users_queries, group_id)

    @delete("/{group_id:uuid}", guards=[_WRITE], operation_id="RemoveCustomerGroup", summary="Remove an empty group")
    async def remove(
        self,
        group_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        remove_group: NamedDependency[RemoveGroupHandler],
        if_match: IfMatch = None,
    ) -> None:
        await remove_group(actor, group_id, version_of_if_match(if_match))

    @put(
        "/{group_id:uuid}/members/{account_id:uuid}",
        guards=[_WRITE],
        status_code=204,
        operation_id="AddGroupMember",
        summary="Put somebody into a group",
    )
    async def add_member(
        self,
        group_id: FromPath[UUID],
        account_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        group_membership: NamedDependency[MembershipHandler],
    ) -> None:
        await group_membership.join(actor, group_id, account_id)

    @delete(
        "/{group_id:uuid}/members/{account_id:uuid}",
        guards=[_WRITE],
        operation_id="RemoveGroupMember",
        summary="Take somebody out of a group",
    )
    async def remove_member(
        self,
        group_id: FromPath[UUID],
        account_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        group_membership: NamedDependency[MembershipHandler],
    ) -> None:
        await group_membership.leave(actor, group_id, account_id)
