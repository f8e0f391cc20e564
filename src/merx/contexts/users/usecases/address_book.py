"""A customer keeps addresses."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from merx.contexts.users.domain.errors import AddressBookFull, AddressNotFound
from merx.contexts.users.domain.saved_address import MAX_ADDRESSES, PERSONAL, SavedAddress
from merx.contexts.users.ports.neighbours import Accounts
from merx.contexts.users.ports.queries import AddressView, UsersQueries
from merx.contexts.users.ports.repositories import UsersUow, UsersUowFactory
from merx.contexts.users.usecases.profiles import open_account, profile_of
from merx.kernel.actor import Actor
from merx.kernel.address import Address, PostalRules
from merx.kernel.audit import AuditEntry, pictured_in_place
from merx.kernel.edits import same_version, set_given
from merx.kernel.ids import new_id
from merx.kernel.model import Command
from merx.kernel.paging import Page
from merx.kernel.ports import Clock

Label = Annotated[str, msgspec.Meta(max_length=60, pattern=r"^[^\x00-\x1f\x7f]*\Z", examples=["Home"])]


class SaveAddress(Command, frozen=True):
    """The first address of a book becomes both defaults."""

    address: Address
    label: Label = ""
    default_shipping: bool = False
    default_billing: bool = False


class ChangeAddress(Command, frozen=True):
    """`address` replaces the whole one."""

    address: Address | UnsetType = UNSET
    label: Label | UnsetType = UNSET
    default_shipping: bool | UnsetType = UNSET
    default_billing: bool | UnsetType = UNSET


def as_view(saved: SavedAddress, postal: PostalRules) -> AddressView:
    return AddressView(
        saved.id,
        saved.version,
        saved.label,
        saved.address,
        postal.lines(saved.address),
        saved.default_shipping,
        saved.default_billing,
        saved.created_at,
    )


async def owned(uow: UsersUow, account_id: UUID | None, address_id: UUID) -> SavedAddress:
    """Raises AddressNotFound, also for an address of somebody else."""
    found = await uow.addresses.find((address_id,))
    if not found or found[0].account_id != account_id:
        raise AddressNotFound
    return found[0]


@dataclass(frozen=True, slots=True)
class SaveAddressHandler:
    """Raises InvalidAddress, AddressBookFull, ProfileNotFound."""

    uow: UsersUowFactory
    accounts: Accounts
    postal: PostalRules
    clock: Clock

    async def __call__(self, actor: Actor, account_id: UUID | None, cmd: SaveAddress) -> AddressView:
        address = self.postal.settled(cmd.address)
        account = await open_account(self.accounts, account_id)
        async with self.uow() as uow:
            # It locks the profile, which makes counting exact.
            await profile_of(uow, account)
            held = await uow.addresses.count(account.id)
            if held >= MAX_ADDRESSES:
                raise AddressBookFull(f"an address book has {MAX_ADDRESSES} addresses at most")
            saved = SavedAddress(
                id=new_id(),
                account_id=account.id,
                label=cmd.label.strip(),
                address=address,
                default_shipping=cmd.default_shipping or held == 0,
                default_billing=cmd.default_billing or held == 0,
                created_at=self.clock.now(),
            )
            await _undefault_others(uow, actor, saved)
            await uow.addresses.add(saved)
            uow.record(*AuditEntry.in_place(actor, "users.address-saved", saved, hide=PERSONAL))
            await uow.commit()
        return as_view(saved, self.postal)


@dataclass(frozen=True, slots=True)
class ChangeAddressHandler:
    """Raises AddressNotFound, StaleVersion, InvalidAddress."""

    uow: UsersUowFactory
    postal: PostalRules

    async def __call__(
        self, actor: Actor, account_id: UUID, address_id: UUID, cmd: ChangeAddress, version: int | None = None
    ) -> AddressView:
        async with self.uow() as uow:
            await uow.addresses.hold(account_id)
            saved = await owned(uow, account_id, address_id)
            same_version(saved, version)
            before = pictured_in_place(actor, saved, hide=PERSONAL)
            if cmd.address is not UNSET:
                saved.address = self.postal.settled(cmd.address)
            set_given(saved, cmd, but=("address",))
            await _undefault_others(uow, actor, saved)
            await uow.addresses.save(saved)
            uow.record(*AuditEntry.in_place(actor, "users.address-changed", saved, before=before, hide=PERSONAL))
            await uow.commit()
        return as_view(saved, self.postal)


@dataclass(frozen=True, slots=True)
class RemoveAddressHandler:
    """A default that goes leaves the book without one. Raises AddressNotFound, StaleVersion."""

    uow: UsersUowFactory

    async def __call__(self, actor: Actor, account_id: UUID, address_id: UUID, version: int | None = None) -> None:
        async with self.uow() as uow:
            await uow.addresses.hold(account_id)
            saved = await owned(uow, account_id, address_id)
            same_version(saved, version)
            await uow.addresses.remove(saved)
            uow.record(*AuditEntry.in_place(actor, "users.address-removed", saved, gone=True, hide=PERSONAL))
            await uow.commit()


@dataclass(frozen=True, slots=True)
class ReadAddressesHandler:
    queries: UsersQueries
    postal: PostalRules

    async def __call__(self, account_id: UUID, after: str | None, limit: int) -> Page[AddressView]:
        page = await self.queries.addresses(account_id, after, limit)
        return Page([as_view(saved, self.postal) for saved in page.items], page.next)

    async def one(self, account_id: UUID, address_id: UUID) -> AddressView:
        """Raises AddressNotFound."""
        return as_view(await self.queries.address(account_id, address_id), self.postal)


async def _undefault_others(uow: UsersUow, actor: Actor, saved: SavedAddress) -> None:
    if not (saved.default_shipping or saved.default_billing):
        return
    for other in await uow.addresses.defaults(saved.account_id):
        before = pictured_in_place(actor, other, hide=PERSONAL)
        if other.id != saved.id and other.give_way_to(saved):
            await uow.addresses.save(other)
            uow.record(*AuditEntry.in_place(actor, "users.address-changed", other, before=before, hide=PERSONAL))
