"""What people read of themselves, and staff of people."""

from datetime import date, datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import msgspec

from merx.contexts.users.domain.consent import Purpose
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
    email_verified: bool
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


class ConsentView(View, frozen=True):
    """`source` names where the person was asked."""

    id: UUID
    purpose: Purpose
    granted: bool
    source: str
    at: datetime


class GroupView(View, frozen=True):
    """`version` goes into `If-Match` of a change."""

    id: UUID
    version: int
    code: str
    name: str
    description: str
    created_at: datetime


class UserSummary(View, frozen=True):
    id: UUID
    email: str
    name: str
    kind: Kind
    phone: str
    registered_at: datetime


class UserDetail(View, frozen=True):
    """`consents` are the answers that count now. `version` goes into `If-Match` of a change."""

    id: UUID
    version: int
    email: str
    name: str
    kind: Kind
    phone: str
    locale: str | None
    birthday: date | None
    registered_at: datetime
    groups: list[GroupView]
    consents: list[ConsentView]


class TimelineEntry(View, frozen=True):
    """`kind` is one of registered, order_placed, order_shipped, order_cancelled, consent_given, consent_withdrawn,
    group_joined, group_left. `subject_id` is the order or the group.
    """

    id: UUID
    at: datetime
    kind: str
    detail: str
    subject_id: UUID | None


class UserSort(StrEnum):
    newest = "newest"
    oldest = "oldest"
    name = "name"
    email = "email"


class UserFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`prefix` is the beginning of a name or of an e-mail, in its search key. `after` is an opaque cursor."""

    prefix: str = ""
    kind: Kind | None = None
    group_id: UUID | None = None
    sort: UserSort = UserSort.newest
    after: str | None = None
    limit: int = 20


class UsersQueries(Protocol):
    async def profile(self, account_id: UUID) -> Profile | None: ...

    async def addresses(self, account_id: UUID, after: str | None, limit: int) -> Page[SavedAddress]:
        """In the order of making."""
        ...

    async def consents(self, account_id: UUID) -> list[ConsentView]:
        """The newest answer for each purpose, in the order of purposes."""
        ...

    async def consent_history(self, account_id: UUID, after: str | None, limit: int) -> Page[ConsentView]:
        """Newest first."""
        ...

    async def users(self, wanted: UserFilter) -> Page[UserSummary]: ...

    async def groups(self, after: str | None, limit: int) -> Page[GroupView]:
        """In the order of making."""
        ...

    async def group(self, group_id: UUID) -> GroupView:
        """Raises GroupNotFound."""
        ...

    async def groups_of(self, account_id: UUID) -> list[GroupView]:
        """By code."""
        ...

    async def timeline(self, account_id: UUID, after: str | None, limit: int) -> Page[TimelineEntry]:
        """Newest first."""
        ...

    async def address(self, account_id: UUID, address_id: UUID) -> SavedAddress:
        """Raises AddressNotFound, also for an address of somebody else."""
        ...
