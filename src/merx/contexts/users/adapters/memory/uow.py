"""Profiles and address books in the process."""

from datetime import datetime
from uuid import UUID

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
from merx.infra.memory import MemoryRepository, MemoryTable, MemoryTx, MemoryUow

PROFILES, ADDRESSES = "users.profile", "users.address"
CONSENTS, GROUPS, MEMBERS, TIMELINE = "users.consent", "users.group", "users.member", "users.timeline"


class MemoryProfiles(MemoryRepository[Profile]):
    def __init__(self, tx: MemoryTx) -> None:
        super().__init__(PROFILES, tx, missing=ProfileNotFound)

    async def ensure(self, profile: Profile) -> None:
        if self._rows.get(profile.id) is None:
            await self.add(profile)

    async def locked(self, account_id: UUID) -> Profile:
        return await self.get(account_id)


class MemoryAddresses(MemoryRepository[SavedAddress]):
    def __init__(self, tx: MemoryTx) -> None:
        super().__init__(
            ADDRESSES,
            tx,
            unique=(
                (lambda saved: saved.account_id if saved.default_shipping else None, DefaultTaken),
                (lambda saved: saved.account_id if saved.default_billing else None, DefaultTaken),
            ),
            missing=AddressNotFound,
        )

    async def hold(self, account_id: UUID) -> None:
        """Units of work run one at a time."""

    async def count(self, account_id: UUID) -> int:
        return sum(saved.account_id == account_id for saved in self._rows.values())

    async def defaults(self, account_id: UUID) -> list[SavedAddress]:
        own = (saved for saved in self._rows.values() if saved.account_id == account_id)
        return [saved for saved in own if saved.default_shipping or saved.default_billing]


class MemoryConsents:
    def __init__(self, tx: MemoryTx) -> None:
        self._rows: MemoryTable[Consent] = tx.table(CONSENTS)
        self._profiles: MemoryTable[Profile] = tx.table(PROFILES)

    async def add(self, consent: Consent) -> None:
        self._rows.put(consent.id, consent)

    async def granted(self, account_id: UUID) -> list[Consent]:
        own = sorted((each for each in self._rows.values() if each.account_id == account_id), key=lambda each: each.id)
        newest = {each.purpose: each for each in own}
        return [each for each in newest.values() if each.granted]

    async def forget_erased(self, before: datetime, limit: int) -> int:
        old = [each for each in self._rows.values() if each.at < before and self._profiles.get(each.account_id) is None]
        for each in old[:limit]:
            self._rows.delete(each.id)
        return len(old[:limit])


class MemoryGroups(MemoryRepository[CustomerGroup]):
    def __init__(self, tx: MemoryTx) -> None:
        super().__init__(GROUPS, tx, unique=((lambda group: group.code, GroupCodeTaken),), missing=GroupNotFound)
        self._members: MemoryTable[tuple[UUID, UUID, datetime]] = tx.table(MEMBERS)

    async def remove(self, entity: CustomerGroup) -> None:
        if any(group_id == entity.id for group_id, _, _ in self._members.values()):
            raise GroupInUse
        await super().remove(entity)

    async def join(self, group_id: UUID, account_id: UUID, at: datetime) -> bool:
        if self._members.get((group_id, account_id)) is not None:
            return False
        self._members.put((group_id, account_id), (group_id, account_id, at))
        return True

    async def leave(self, group_id: UUID, account_id: UUID) -> bool:
        if self._members.get((group_id, account_id)) is None:
            return False
        self._members.delete((group_id, account_id))
        return True


class MemoryTimeline:
    def __init__(self, tx: MemoryTx) -> None:
        self._rows: MemoryTable[tuple[UUID, TimelineEntry]] = tx.table(TIMELINE)

    async def note(self, entry: TimelineEntry, account_id: UUID) -> None:
        if self._rows.get(entry.id) is None:
            self._rows.put(entry.id, (account_id, entry))


class MemoryUsersUow(MemoryUow):
    def open(self, tx: MemoryTx) -> None:
        self.profiles = MemoryProfiles(tx)
        self.addresses = MemoryAddresses(tx)
        self.consents = MemoryConsents(tx)
        self.groups = MemoryGroups(tx)
        self.timeline = MemoryTimeline(tx)
