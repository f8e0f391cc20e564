"""Reads of users on PostgreSQL."""

from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import Uuid, bindparam, or_, select

from merx.contexts.users.adapters.postgres.rows import ProfileRow, SavedAddressRow
from merx.contexts.users.domain.errors import AddressNotFound
from merx.contexts.users.domain.profile import Profile
from merx.contexts.users.domain.saved_address import SavedAddress
from merx.infra.postgres import Reader, compiled
from merx.kernel.address import Address
from merx.kernel.paging import Page, decode_id, encode_cursor

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
_decode_address = msgspec.json.Decoder(Address).decode


class PostgresUsersQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def profile(self, account_id: UUID) -> Profile | None:
        row = await self._reader.fetchrow(_PROFILE, id=account_id)
        return None if row is None else msgspec.convert(dict(row), Profile)

    async def addresses(self, account_id: UUID, after: str | None, limit: int) -> Page[SavedAddress]:
        rows = await self._reader.fetch(_PAGE, account_id=account_id, after=decode_id(after), rows=limit + 1)
        items = [_saved(row) for row in rows[:limit]]
        return Page(items, encode_cursor(str(items[-1].id)) if len(rows) > limit else None)

    async def address(self, account_id: UUID, address_id: UUID) -> SavedAddress:
        row = await self._reader.fetchrow(_ONE, account_id=account_id, address_id=address_id)
        if row is None:
            raise AddressNotFound
        return _saved(row)


def _saved(row: asyncpg.Record) -> SavedAddress:
    values = dict(row)
    values["address"] = _decode_address(values["address"])
    return SavedAddress(**values)
