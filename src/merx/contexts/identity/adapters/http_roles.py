"""Roles over HTTP, and the permissions that they are made of."""

from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from merx.contexts.identity.ports.api_keys import PermissionNames
from merx.contexts.identity.ports.roles import RoleQueries, RoleView
from merx.contexts.identity.usecases.roles import ChangeRole, CreateRole, RolesHandler
from merx.infra.http.auth import staff
from merx.infra.http.once import once
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.infra.http.versions import IfMatch, version_of_if_match, versioned
from merx.kernel.actor import Actor
from merx.kernel.model import View
from merx.kernel.paging import Page
from merx.kernel.rights import Limit

_READ, _WRITE = staff("roles:read"), staff("roles:write", fresh=True)


class PermissionView(View, frozen=True):
    """`limits` are those that a grant of it may have."""

    permission: str
    limits: list[Limit]


async def _role(queries: RoleQueries, role_id: UUID, status: int = 200) -> Response[RoleView]:
    role = await queries.one(role_id)
    return versioned(role, status)


class PermissionsController(Controller):
    path = "/auth/permissions"
    tags = ["auth"]

    @get("/", guards=[_READ], operation_id="ListPermissions", summary="Everything that can be granted")
    async def permissions(self, permission_names: NamedDependency[PermissionNames]) -> list[PermissionView]:
        """Beside these, `*` is all of them and `orders:*` all of an area."""
        known = sorted(permission_names.known())
        return [PermissionView(name, sorted(permission_names.limits(name))) for name in known]


class RolesController(Controller):
    path = "/auth/roles"
    tags = ["auth"]

    @get("/", guards=[_READ], operation_id="ListRoles", summary="All roles")
    async def roles(
        self, role_queries: NamedDependency[RoleQueries], limit: PageLimit = DEFAULT_LIMIT, after: After = None
    ) -> Page[RoleView]:
        return await role_queries.page(limit, after)

    @post("/", guards=[_WRITE], operation_id="CreateRole", summary="Make a role", **once())
    async def create(
        self,
        data: JSONBody[CreateRole],
        actor: NamedDependency[Actor],
        look_after_roles: NamedDependency[RolesHandler],
        role_queries: NamedDependency[RoleQueries],
    ) -> Response[RoleView]:
        """Its grants are yours or fewer, limits and denials included."""
        return await _role(role_queries, await look_after_roles.create(actor, data), 201)

    @get("/{role_id:uuid}", guards=[_READ], operation_id="GetRole", summary="One role")
    async def role(self, role_id: FromPath[UUID], role_queries: NamedDependency[RoleQueries]) -> Response[RoleView]:
        return await _role(role_queries, role_id)

    @patch("/{role_id:uuid}", guards=[_WRITE], operation_id="ChangeRole", summary="Edit a role")
    async def change(
        self,
        role_id: FromPath[UUID],
        data: JSONBody[ChangeRole],
        actor: NamedDependency[Actor],
        look_after_roles: NamedDependency[RolesHandler],
        role_queries: NamedDependency[RoleQueries],
        if_match: IfMatch = None,
    ) -> Response[RoleView]:
        """Holds at once for everybody who has it. Neither the role nor anybody who has it may hold more than you."""
        await look_after_roles.change(actor, role_id, data, version_of_if_match(if_match))
        return await _role(role_queries, role_id)

    @delete("/{role_id:uuid}", guards=[_WRITE], operation_id="RemoveRole", summary="Remove a role that nobody holds")
    async def remove(
        self,
        role_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        look_after_roles: NamedDependency[RolesHandler],
        if_match: IfMatch = None,
    ) -> None:
        await look_after_roles.remove(actor, role_id, version_of_if_match(if_match))
