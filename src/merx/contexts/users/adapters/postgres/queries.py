"""Reads of users on PostgreSQL."""

from functools import lru_cache
from typing import TypeVar
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import Uuid, bindparam, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from merx.contexts.users.adapters.postgres.rows import (
    ConsentRow,
    CustomerGroupRow,
    GroupMemberRow,
    ProfileRow,
    SavedAddressRow,
    TimelineRow,
)
from merx.contexts.users.domain.consent import Purpose
from merx.contexts.users.domain.errors import AddressNotFound, GroupNotFound
from merx.contexts.users.domain.profile import Profile
from merx.contexts.users.domain.saved_address import SavedAddress
from merx.contexts.users.ports.queries import (
    ConsentView,
    GroupView,
    TimelineEntry,
    UserFilter,
    UserSort,
    UserSummary,
)
from merx.infra.postgres import Compiled, Reader, beginning_with, compiled
from merx.kernel.address import Address
from merx.kernel.paging import Page, decode_id, page_of

V = TypeVar("V", ConsentView, GroupView, SavedAddress, TimelineEntry, UserSummary)

_AFTER = bindparam("after", type_=Uuid)
_PROFILE = compiled(
    select(*(getattr(ProfileRow, name) for name in Profile.__struct_fields__)).where(ProfileRow.id == bindparam("id"))
)
_ADDRESS = select(*(getattr(SavedAddressRow, name) for name in SavedAddress.__struct_fields__)).where(
    SavedAddressRow.account_id == bindparam("account_id")
)
_ONE = compiled(_ADDRESS.where(SavedAddressRow.id == bindparam("address_id")))
_PAGE = compiled(
    _ADDRESS.where(or_(_AFTER.is_(None), SavedAddressRow.id > _AFTER))
    .order_by(SavedAddressRow.id)
    .limit(bindparam("rows"))
)
_CONSENT = select(*(getattr(ConsentRow, name) for name in ConsentView.__struct_fields__)).where(
    ConsentRow.account_id == bindparam("account_id")
)
_CONSENTS = compiled(_CONSENT.ext(distinct_on(ConsentRow.purpose)).order_by(ConsentRow.purpose, ConsentRow.id.desc()))
_HISTORY = compiled(
    _CONSENT.where(or_(_AFTER.is_(None), ConsentRow.id < _AFTER))
    .order_by(ConsentRow.id.desc())
    .limit(bindparam("rows"))
)
_GROUP = select(*(getattr(CustomerGroupRow, name) for name in GroupView.__struct_fields__))
_ONE_GROUP = compiled(_GROUP.where(CustomerGroupRow.id == bindparam("id")))
_GROUPS = compiled(
    _GROUP.where(or_(_AFTER.is_(None), CustomerGroupRow.id > _AFTER))
    .order_by(CustomerGroupRow.id)
    .limit(bindparam("rows"))
)
_GROUPS_OF = compiled(
    _GROUP.join(GroupMemberRow, GroupMemberRow.group_id == CustomerGroupRow.id)
    .where(GroupMemberRow.account_id == bindparam("account_id"))
    .order_by(CustomerGroupRow.code.collate("C"))
)
_TIMELINE = compiled(
    select(*(getattr(TimelineRow, name) for name in TimelineEntry.__struct_fields__))
    .where(TimelineRow.account_id == bindparam("account_id"), or_(_AFTER.is_(None), TimelineRow.id < _AFTER))
    .order_by(TimelineRow.id.desc())
    .limit(bindparam("rows"))
)
_SORTS = {
    UserSort.newest: ("p.id < :after", "p.id desc"),
    UserSort.oldest: ("p.id > :after", "p.id"),
    UserSort.name: (
        "(p.name_key, p.id) > (select q.name_key, q.id from users.profile q where q.id = :after)",
        "p.name_key, p.id",
    ),
    UserSort.email: (
        "(p.email_key, p.id) > (select q.email_key, q.id from users.profile q where q.id = :after)",
        "p.email_key, p.id",
    ),
}


@lru_cache(maxsize=64)
def _search(sort: UserSort, prefix: bool, kind: bool, group: bool, after: bool) -> Compiled:
    """A statement for each set of filters: one for all of them could use no index."""
    beyond, order = _SORTS[sort]
    conditions = [
        condition
        for condition, wanted in (
            ("(p.name_key like :prefix or p.email_key like :prefix)", prefix),
            ("p.kind = :kind", kind),
            (
                "exists (select from users.group_member m where m.group_id = :group_id and m.account_id = p.id)",
                group,
            ),
            (beyond, after),
        )
        if wanted
    ]
    where = " and ".join(conditions) or "true"
    return compiled(
        "select p.id, p.email, p.name, p.kind, p.phone, p.registered_at from users.profile p"  # noqa: S608 - each condition is fixed text
        f" where {where} order by {order} limit cast(:rows as int)"
    )


_decode_address = msgspec.json.Decoder(Address).decode


class PostgresUsersQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def profile(self, account_id: UUID) -> Profile | None:
        row = await self._reader.fetchrow(_PROFILE, id=account_id)
        return None if row is None else msgspec.convert(dict(row), Profile)

    async def consents(self, account_id: UUID) -> list[ConsentView]:
        found = [_consent(row) for row in await self._reader.fetch(_CONSENTS, account_id=account_id)]
        return sorted(found, key=lambda consent: consent.purpose)

    async def consent_history(self, account_id: UUID, after: str | None, limit: int) -> Page[ConsentView]:
        rows = await self._reader.fetch(_HISTORY, account_id=account_id, after=decode_id(after), rows=limit + 1)
        return page_of([_consent(row) for row in rows], limit)

    async def users(self, wanted: UserFilter) -> Page[UserSummary]:
        after = decode_id(wanted.after)
        statement = _search(
            wanted.sort, bool(wanted.prefix), wanted.kind is not None, wanted.group_id is not None, after is not None
        )
        rows = await self._reader.fetch(
            statement,
            prefix=beginning_with(wanted.prefix),
            kind=wanted.kind,
            group_id=wanted.group_id,
            after=after,
            rows=wanted.limit + 1,
        )
        return page_of([UserSummary(*row) for row in rows], wanted.limit)

    async def groups(self, after: str | None, limit: int) -> Page[GroupView]:
        rows = await self._reader.fetch(_GROUPS, after=decode_id(after), rows=limit + 1)
        return page_of([GroupView(*row) for row in rows], limit)

    async def group(self, group_id: UUID) -> GroupView:
        row = await self._reader.fetchrow(_ONE_GROUP, id=group_id)
        if row is None:
            raise GroupNotFound
        return GroupView(*row)

    async def groups_of(self, account_id: UUID) -> list[GroupView]:
        return [GroupView(*row) for row in await self._reader.fetch(_GROUPS_OF, account_id=account_id)]

    async def timeline(self, account_id: UUID, after: str | None, limit: int) -> Page[TimelineEntry]:
        rows = await self._reader.fetch(_TIMELINE, account_id=account_id, after=decode_id(after), rows=limit + 1)
        return page_of([TimelineEntry(*row) for row in rows], limit)

    async def addresses(self, account_id: UUID, after: str | None, limit: int) -> Page[SavedAddress]:
        rows = await self._reader.fetch(_PAGE, account_id=account_id, after=decode_id(after), rows=limit + 1)
        return page_of([_saved(row) for row in rows], limit)

    async def address(self, account_id: UUID, address_id: UUID) -> SavedAddress:
        row = await self._reader.fetchrow(_ONE, account_id=account_id, address_id=address_id)
        if row is None:
            raise AddressNotFound
        return _saved(row)


def _consent(row: asyncpg.Record) -> ConsentView:
    id_, purpose, granted, source, at = row
    return ConsentView(id_, Purpose(purpose), granted, source, at)


def _saved(row: asyncpg.Record) -> SavedAddress:
    values = dict(row)
    values["address"] = _decode_address(values["address"])
    return SavedAddress(**values)
