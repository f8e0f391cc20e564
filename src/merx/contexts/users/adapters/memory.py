"""Profiles and address books in the process."""

from uuid import UUID

from merx.contexts.users.domain.errors import AddressNotFound, DefaultTaken, ProfileNotFound
from merx.contexts.users.domain.profile import Profile
from merx.contexts.users.domain.saved_address import SavedAddress
from merx.infra.memory import MemoryRepository, MemoryStore, MemoryTx, MemoryUow, copied
from merx.kernel.paging import Page, decode_id, encode_cursor

PROFILES, ADDRESSES = "users.profile", "users.address"


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

    async def undefault(self, account_id: UUID, keep: UUID, *, shipping: bool, billing: bool) -> None:
        for saved in list(self._rows.values()):
            if saved.account_id != account_id or saved.id == keep:
                continue
            if (shipping and saved.default_shipping) or (billing and saved.default_billing):
                saved.default_shipping = saved.default_shipping and not shipping
                saved.default_billing = saved.default_billing and not billing
                await self.save(saved)


class MemoryUsersUow(MemoryUow):
    def open(self, tx: MemoryTx) -> None:
        self.profiles = MemoryProfiles(tx)
        self.addresses = MemoryAddresses(tx)


class MemoryUsersQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._profiles: dict[UUID, Profile] = store.table(PROFILES)
        self._addresses: dict[UUID, SavedAddress] = store.table(ADDRESSES)

    async def profile(self, account_id: UUID) -> Profile | None:
        found: Profile | None = copied(self._profiles.get(account_id))
        return found

    async def addresses(self, account_id: UUID, after: str | None, limit: int) -> Page[SavedAddress]:
        start = decode_id(after)
        found = [
            saved
            for key, saved in sorted(self._addresses.items())
            if saved.account_id == account_id and (start is None or key > start)
        ]
        items = [copied(saved) for saved in found[:limit]]
        return Page(items, encode_cursor(str(items[-1].id)) if len(found) > limit else None)

    async def address(self, account_id: UUID, address_id: UUID) -> SavedAddress:
        saved = self._addresses.get(address_id)
        if saved is None or saved.account_id != account_id:
            raise AddressNotFound
        found: SavedAddress = copied(saved)
        return found
