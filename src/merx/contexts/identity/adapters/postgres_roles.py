"""Roles, and who holds them, in PostgreSQL."""

from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, String, Text, bindparam, or_, select
from sqlalchemy import Uuid as UuidType
from sqlalchemy.orm import Mapped, mapped_column

from merx.contexts.identity.domain.account import AccountStatus
from merx.contexts.identity.domain.errors import RoleNameTaken, RoleNotFound, StaffNotFound
from merx.contexts.identity.domain.role import Role
from merx.contexts.identity.ports.roles import RoleView
from merx.contexts.identity.ports.staff import RoleName, StaffFilter, StaffView, is_called
from merx.infra.postgres import (
    PLAIN,
    Compiled,
    PostgresRepository,
    PostgresTx,
    Reader,
    VersionedRow,
    compiled,
)
from merx.kernel.paging import Page, decode_id, page_of
from merx.kernel.rights import Grant

_TAKE_TURN = compiled("select pg_advisory_xact_lock(hashtext('identity.rights'))")


class RoleRow(VersionedRow):
    __tablename__ = "role"
    __table_args__ = {"schema": "identity"}

    id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    name: Mapped[str] = mapped_column(String(200), info=PLAIN)
    name_key: Mapped[str] = mapped_column(String(400), unique=True, info=PLAIN)
    description: Mapped[str] = mapped_column(String(1000), info=PLAIN)
    grants: Mapped[list[str]] = mapped_column(ARRAY(Text), info=PLAIN)
    created_at: Mapped[datetime] = mapped_column(info=PLAIN)


class PostgresRoles(PostgresRepository[Role]):
    def __init__(self, tx: PostgresTx) -> None:
        super().__init__(Role, RoleRow, tx, conflicts={"uq_role_name_key": RoleNameTaken}, missing=RoleNotFound)

    async def take_turn(self) -> None:
        await self._tx.execute(_TAKE_TURN)


_ROLE = select(*(getattr(RoleRow, name) for name in RoleView.__struct_fields__))
_AFTER = bindparam("after", type_=UuidType)
_PAGE = compiled(_ROLE.where(or_(_AFTER.is_(None), RoleRow.id > _AFTER)).order_by(RoleRow.id).limit(bindparam("rows")))
_ONE = compiled(_ROLE.where(RoleRow.id == bindparam("role_id")))


class PostgresRoleQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, limit: int, after: str | None) -> Page[RoleView]:
        rows = await self._reader.fetch(_PAGE, after=decode_id(after), rows=limit + 1)
        return page_of([_role(row) for row in rows], limit)

    async def one(self, role_id: UUID) -> RoleView:
        row = await self._reader.fetchrow(_ONE, role_id=role_id)
        if row is None:
            raise RoleNotFound
        return _role(row)


# Roles of a row that has `role_ids`, as JSON in the order of their ids.
ROLE_NAMES = """(
    select coalesce(json_agg(json_build_object('id', role.id, 'name', role.name) order by role.id), '[]')::text
    from identity.role role where role.id = any(held.role_ids)
)"""
_STAFF = f"""
    select held.id, held.version, held.email, held.name, held.status, {ROLE_NAMES}, held.permissions, held.created_at
    from identity.account held where held.kind = 'staff'
"""  # noqa: S608 - fixed text
_ONE_OF_STAFF = compiled(_STAFF + " and held.id = :account_id")
_CONDITIONS = {
    "status": "held.status = :status",
    "role_id": "held.role_ids @> array[cast(:role_id as uuid)]",
    "after": "held.id > :after",
}


# Members of staff that are read at once when a name is looked for.
_SLICE = 500


@lru_cache(maxsize=16)
def _search(wanted: frozenset[str]) -> Compiled:
    conditions = " and ".join(["true", *(_CONDITIONS[name] for name in sorted(wanted))])
    return compiled(f"{_STAFF} and {conditions} order by held.id limit cast(:rows as int)")


class PostgresStaffQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, wanted: StaffFilter) -> Page[StaffView]:
        """A shop has few members of staff, so their names are compared here: only Python knows the rule."""
        found: list[StaffView] = []
        after, size = decode_id(wanted.after), _SLICE if wanted.prefix else wanted.limit + 1
        while len(found) <= wanted.limit:
            given = {"status": wanted.status, "role_id": wanted.role_id, "after": after}
            given = {name: value for name, value in given.items() if value is not None}
            rows = await self._reader.fetch(_search(frozenset(given)), **given, rows=size)
            found += [_staff(row) for row in rows if is_called(row["name"], row["email"], wanted.prefix)]
            if len(rows) < size:
                break
            after = rows[-1]["id"]
        return page_of(found[: wanted.limit + 1], wanted.limit)

    async def one(self, account_id: UUID) -> StaffView:
        row = await self._reader.fetchrow(_ONE_OF_STAFF, account_id=account_id)
        if row is None:
            raise StaffNotFound
        return _staff(row)


role_names = msgspec.json.Decoder(tuple[RoleName, ...]).decode


def _role(row: Any) -> RoleView:
    id_, version, name, description, grants, created_at = row
    return RoleView(id_, version, name, description, tuple(map(Grant.parse, grants)), created_at)


def _staff(row: Any) -> StaffView:
    id_, version, email, name, status, roles, grants, created_at = row
    return StaffView(
        id_,
        version,
        email,
        name,
        AccountStatus(status),
        role_names(roles),
        tuple(map(Grant.parse, grants)),
        created_at,
    )
