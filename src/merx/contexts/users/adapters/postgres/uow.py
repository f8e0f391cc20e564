"""Changes of profiles and address books on PostgreSQL."""

from uuid import UUID

import msgspec
from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from merx.contexts.users.adapters.postgres.rows import ProfileRow, SavedAddressRow
from merx.contexts.users.domain.errors import AddressNotFound, DefaultTaken, ProfileNotFound
from merx.contexts.users.domain.profile import Profile
from merx.contexts.users.domain.saved_address import SavedAddress
from merx.infra.postgres import PostgresRepository, PostgresTx, PostgresUow, compiled

_LOCK = compiled(select(ProfileRow.id).where(ProfileRow.id == bindparam("account_id")).with_for_update())
_ENSURE = compiled(
    insert(ProfileRow)
    .values({name: bindparam(name) for name in Profile.__struct_fields__})
    .on_conflict_do_nothing(index_elements=[ProfileRow.id])
)
_COUNT = compiled(select(func.count()).where(SavedAddressRow.account_id == bindparam("account_id")))
_UNDEFAULT = compiled(
    """
    update users.address
       set default_shipping = default_shipping and not cast(:shipping as boolean),
           default_billing = default_billing and not cast(:billing as boolean),
           version = version + 1
     where account_id = :account_id and id <> :keep
       and ((default_shipping and cast(:shipping as boolean)) or (default_billing and cast(:billing as boolean)))
    """
)


class PostgresProfiles(PostgresRepository[Profile]):
    def __init__(self, tx: PostgresTx) -> None:
        super().__init__(Profile, ProfileRow, tx, missing=ProfileNotFound)

    async def ensure(self, profile: Profile) -> None:
        await self._tx.execute(_ENSURE, **msgspec.structs.asdict(profile) | {"version": 1})

    async def locked(self, account_id: UUID) -> Profile:
        await self._tx.fetch(_LOCK, account_id=account_id)
        return await self.get(account_id)


class PostgresAddresses(PostgresRepository[SavedAddress]):
    def __init__(self, tx: PostgresTx) -> None:
        super().__init__(
            SavedAddress,
            SavedAddressRow,
            tx,
            conflicts={"uq_address_default_shipping": DefaultTaken, "uq_address_default_billing": DefaultTaken},
            missing=AddressNotFound,
        )

    async def hold(self, account_id: UUID) -> None:
        await self._tx.fetch(_LOCK, account_id=account_id)

    async def count(self, account_id: UUID) -> int:
        found: int = await self._tx.fetchval(_COUNT, account_id=account_id)
        return found

    async def undefault(self, account_id: UUID, keep: UUID, *, shipping: bool, billing: bool) -> None:
        await self._tx.execute(_UNDEFAULT, account_id=account_id, keep=keep, shipping=shipping, billing=billing)


class PostgresUsersUow(PostgresUow):
    def open(self, tx: PostgresTx) -> None:
        self.profiles = PostgresProfiles(tx)
        self.addresses = PostgresAddresses(tx)
