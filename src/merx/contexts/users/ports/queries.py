"""What people read of themselves."""

from datetime import date, datetime
from typing import Protocol
from uuid import UUID

from merx.contexts.users.domain.profile import Kind, Profile
from merx.contexts.users.domain.saved_address import SavedAddress
from merx.kernel.address import Address
from merx.kernel.model import View
from merx.kernel.paging import Page


class Me(View, frozen=True):
    """The account that is signed in, with its profile. `version` goes into `If-Match` of a change."""

    id: UUID
    version: int
    email: str
    name: str
    kind: Kind
    permissions: tuple[str, ...]
    phone: str
    locale: str | None
    birthday: date | None


class AddressView(View, frozen=True):
    """`lines` is the label in the order of the country. `version` goes into `If-Match` of a change."""

    id: UUID
    version: int
    label: str
    address: Address
    lines: list[str]
    default_shipping: bool
    default_billing: bool
    created_at: datetime


class UsersQueries(Protocol):
    async def profile(self, account_id: UUID) -> Profile | None: ...

    async def addresses(self, account_id: UUID, after: str | None, limit: int) -> Page[SavedAddress]:
        """In the order of making."""
        ...

    async def address(self, account_id: UUID, address_id: UUID) -> SavedAddress:
        """Raises AddressNotFound, also for an address of somebody else."""
        ...
