"""Roles, and who holds them, in the process."""

from uuid import UUID

from merx.contexts.identity.domain.account import Account, AccountKind
from merx.contexts.identity.domain.built_in_roles import built_in_roles
from merx.contexts.identity.domain.errors import RoleNameTaken, RoleNotFound, StaffNotFound
from merx.contexts.identity.domain.role import Role
from merx.contexts.identity.ports.roles import RoleView
from merx.contexts.identity.ports.staff import RoleName, StaffFilter, StaffView, is_called
from merx.infra.memory import MemoryRepository, MemoryStore, MemoryTx
from merx.kernel.paging import Page, decode_id, page_of
from merx.kernel.rights import Grant

ACCOUNTS = "identity.account"
ROLES = "identity.role"


def with_built_in_roles(store: MemoryStore) -> dict[UUID, Role]:
    """A shop begins with roles; in the database a migration puts them there. The owner's stays, so once is enough."""
    roles: dict[UUID, Role] = store.table(ROLES)
    if not roles:
        roles.update((role.id, role) for role in built_in_roles())
    return roles


def grants_held(store: MemoryStore, account: Account) -> tuple[str, ...]:
    roles = with_built_in_roles(store)
    given = {grant for role_id in account.role_ids if role_id in roles for grant in roles[role_id].grants}
    return tuple(sorted(given | set(account.permissions)))


def role_names(store: MemoryStore, role_ids: tuple[UUID, ...]) -> tuple[RoleName, ...]:
    roles = with_built_in_roles(store)
    return tuple(RoleName(id, roles[id].name) for id in sorted(role_ids) if id in roles)


class MemoryRoles(MemoryRepository[Role]):
    def __init__(self, tx: MemoryTx) -> None:
        super().__init__(ROLES, tx, unique=((lambda role: role.name_key, RoleNameTaken),), missing=RoleNotFound)

    async def take_turn(self) -> None:
        """Units of work run one at a time here."""


class MemoryRoleQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._roles = with_built_in_roles(store)

    async def page(self, limit: int, after: str | None) -> Page[RoleView]:
        above = decode_id(after)
        found = sorted((role for role in self._roles.values() if above is None or role.id > above), key=lambda r: r.id)
        return page_of([_view(role) for role in found], limit)

    async def one(self, role_id: UUID) -> RoleView:
        role = self._roles.get(role_id)
        if role is None:
            raise RoleNotFound
        return _view(role)


class MemoryStaffQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def page(self, wanted: StaffFilter) -> Page[StaffView]:
        above = decode_id(wanted.after)
        found = sorted(
            (each for each in self._staff() if _matches(each, wanted) and (above is None or each.id > above)),
            key=lambda account: account.id,
        )
        return page_of([self._view(account) for account in found], wanted.limit)

    async def one(self, account_id: UUID) -> StaffView:
        found = [account for account in self._staff() if account.id == account_id]
        if not found:
            raise StaffNotFound
        return self._view(found[0])

    def _staff(self) -> list[Account]:
        accounts: dict[UUID, Account] = self._store.table(ACCOUNTS)
        return [account for account in accounts.values() if account.kind is AccountKind.staff]

    def _view(self, account: Account) -> StaffView:
        return StaffView(
            account.id,
            account.version,
            account.email,
            account.name,
            account.status,
            role_names(self._store, account.role_ids),
            tuple(map(Grant.parse, account.permissions)),
            account.created_at,
        )


def _view(role: Role) -> RoleView:
    return RoleView(
        role.id, role.version, role.name, role.description, tuple(map(Grant.parse, role.grants)), role.created_at
    )


def _matches(account: Account, wanted: StaffFilter) -> bool:
    return (
        is_called(account.name, account.email, wanted.prefix)
        and wanted.status in (None, account.status)
        and (wanted.role_id is None or wanted.role_id in account.role_ids)
    )
