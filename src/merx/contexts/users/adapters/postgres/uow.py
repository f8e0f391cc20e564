"""Changes of profiles and address books on PostgreSQL."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import bindparam, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from merx.contexts.users.adapters.postgres.rows import (
    ConsentRow,
    CustomerGroupRow,
    GroupMemberRow,
    ProfileRow,
    SavedAddressRow,
    TimelineRow,
)
from merx.contexts.users.domain.consent import Consent
from merx.contexts.users.domain.customer_group import CustomerGroup
from merx.contexts.users.domain.errors import (
    AddressNotFound,
    DefaultTaken,
    GroupCodeTaken,
    GroupInUse,
    GroupNotFound,
    ProfileNotFound,
)
from merx.contexts.users.domain.profile import Profile
from merx.contexts.users.domain.saved_address import SavedAddress
from merx.contexts.users.ports.queries import TimelineEntry
from merx.infra.postgres import PostgresRepository, PostgresTx, PostgresUow, compiled

_LOCK = compiled(select(ProfileRow.id).where(ProfileRow.id == bindparam("account_id")).with_for_update())
_ENSURE = compiled(
    insert(ProfileRow)
    .values({name: bindparam(name) for name in Profile.__struct_fields__})
    .on_conflict_do_nothing(index_elements=[ProfileRow.id])
)
_COUNT = compiled(select(func.count()).where(SavedAddressRow.account_id == bindparam("account_id")))
_DEFAULTS = compiled(
    select(SavedAddressRow.id).where(
        SavedAddressRow.account_id == bindparam("account_id"),
        or_(SavedAddressRow.default_shipping, SavedAddressRow.default_billing),
    )
)
_CONSENT = compiled(insert(ConsentRow).values({name: bindparam(name) for name in Consent.__struct_fields__}))
_GRANTED = compiled(
    """
    select id, account_id, purpose, granted, source, at from (
        select distinct on (purpose) * from users.consent where account_id = :account_id order by purpose, id desc
    ) newest where granted
    """
)
_FORGET_ERASED = compiled(
    """
    delete from users.consent where id in (
        select consent.id from users.consent consent
         where consent.at < :before and not exists (select from users.profile p where p.id = consent.account_id)
         limit :how_many
    )
    """
)
_JOIN = compiled(
    insert(GroupMemberRow)
    .values({name: bindparam(name) for name in ("group_id", "account_id", "joined_at")})
    .on_conflict_do_nothing()
)
_LEAVE = compiled(
    delete(GroupMemberRow).where(
        GroupMemberRow.group_id == bindparam("group_id"), GroupMemberRow.account_id == bindparam("account_id")
    )
)
_NOTE = compiled(
    insert(TimelineRow)
    .values({name: bindparam(name) for name in ("account_id", *TimelineEntry.__struct_fields__)})
    .on_conflict_do_nothing(index_elements=[TimelineRow.id])
)


class PostgresProfiles(PostgresRepository[Profile]):
    def __init__(self, tx: PostgresTx) -> None:
        super().__init__(Profile, ProfileRow, tx, missing=ProfileNotFound)

    async def ensure(self, profile: Profile) -> None:
        await self._tx.execute(_ENSURE, **msgspec.structs.asdict(profile) | {"version": 1})

    async def locked(self, account_id: UUID) -> Profile:
        await self._tx.fetch(_LOCK, account_id=account_id)
        return await self.again(account_id)


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

    async def defaults(self, account_id: UUID) -> list[SavedAddress]:
        rows = await self._tx.fetch(_DEFAULTS, account_id=account_id)
        return await self.find([row[0] for row in rows])


class PostgresConsents:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def add(self, consent: Consent) -> None:
        await self._tx.execute(_CONSENT, **msgspec.structs.asdict(consent))

    async def granted(self, account_id: UUID) -> list[Consent]:
        rows = await self._tx.fetch(_GRANTED, account_id=account_id)
        return [msgspec.convert(dict(row), Consent) for row in rows]

    async def forget_erased(self, before: datetime, limit: int) -> int:
        return await self._tx.execute(_FORGET_ERASED, before=before, how_many=limit)


class PostgresGroups(PostgresRepository[CustomerGroup]):
    def __init__(self, tx: PostgresTx) -> None:
        super().__init__(
            CustomerGroup,
            CustomerGroupRow,
            tx,
            conflicts={"uq_customer_group_code": GroupCodeTaken, "fk_group_member_group_id": GroupInUse},
            missing=GroupNotFound,
        )

    async def join(self, group_id: UUID, account_id: UUID, at: datetime) -> bool:
        try:
            return bool(await self._tx.execute(_JOIN, group_id=group_id, account_id=account_id, joined_at=at))
        except asyncpg.ForeignKeyViolationError:
            # Somebody removed the empty group a moment ago.
            raise GroupNotFound from None

    async def leave(self, group_id: UUID, account_id: UUID) -> bool:
        return bool(await self._tx.execute(_LEAVE, group_id=group_id, account_id=account_id))


class PostgresTimeline:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def note(self, entry: TimelineEntry, account_id: UUID) -> None:
        await self._tx.execute(_NOTE, account_id=account_id, **msgspec.structs.asdict(entry))


class PostgresUsersUow(PostgresUow):
    def open(self, tx: PostgresTx) -> None:
        self.profiles = PostgresProfiles(tx)
        self.addresses = PostgresAddresses(tx)
        self.consents = PostgresConsents(tx)
        self.groups = PostgresGroups(tx)
        self.timeline = PostgresTimeline(tx)
