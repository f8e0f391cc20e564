"""Reads of users in the process."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from merx.contexts.users.adapters.memory.uow import ADDRESSES, CONSENTS, GROUPS, MEMBERS, PROFILES, TIMELINE
from merx.contexts.users.domain.consent import Consent, Purpose
from merx.contexts.users.domain.customer_group import CustomerGroup
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
from merx.infra.memory import MemoryStore, copied
from merx.kernel.paging import Page, decode_id, page_of

E = TypeVar("E", ConsentView, TimelineEntry)

_SORTS: dict[UserSort, Callable[[Profile], Any]] = {
    UserSort.newest: lambda profile: profile.id,
    UserSort.oldest: lambda profile: profile.id,
    UserSort.name: lambda profile: (profile.name_key.encode(), profile.id),
    UserSort.email: lambda profile: (profile.email_key.encode(), profile.id),
}


class MemoryUsersQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._profiles: dict[UUID, Profile] = store.table(PROFILES)
        self._addresses: dict[UUID, SavedAddress] = store.table(ADDRESSES)
        self._consents: dict[UUID, Consent] = store.table(CONSENTS)
        self._groups: dict[UUID, CustomerGroup] = store.table(GROUPS)
        self._members: dict[tuple[UUID, UUID], object] = store.table(MEMBERS)
        self._timeline: dict[UUID, tuple[UUID, TimelineEntry]] = store.table(TIMELINE)

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
        return page_of([copied(saved) for saved in found], limit)

    async def address(self, account_id: UUID, address_id: UUID) -> SavedAddress:
        saved = self._addresses.get(address_id)
        if saved is None or saved.account_id != account_id:
            raise AddressNotFound
        found: SavedAddress = copied(saved)
        return found

    async def consents(self, account_id: UUID) -> list[ConsentView]:
        newest: dict[Purpose, Consent] = {}
        for _, consent in sorted(self._consents.items()):
            if consent.account_id == account_id:
                newest[consent.purpose] = consent
        return [_consent(newest[purpose]) for purpose in sorted(newest)]

    async def consent_history(self, account_id: UUID, after: str | None, limit: int) -> Page[ConsentView]:
        kept = [_consent(consent) for consent in self._consents.values() if consent.account_id == account_id]
        return _newest_first(kept, after, limit)

    async def users(self, wanted: UserFilter) -> Page[UserSummary]:
        found = [
            profile
            for profile in self._profiles.values()
            if wanted.kind in (None, profile.kind)
            and (profile.name_key.startswith(wanted.prefix) or profile.email_key.startswith(wanted.prefix))
            and (wanted.group_id is None or (wanted.group_id, profile.id) in self._members)
        ]
        found.sort(key=_SORTS[wanted.sort], reverse=wanted.sort is UserSort.newest)
        last = decode_id(wanted.after)
        if last is not None:
            begin = self._profiles.get(last)
            if begin is None:
                return Page([])
            key = _SORTS[wanted.sort]
            backwards = wanted.sort is UserSort.newest
            found = [each for each in found if (key(each) < key(begin) if backwards else key(each) > key(begin))]
        return page_of(
            [UserSummary(each.id, each.email, each.name, each.kind, each.phone, each.registered_at) for each in found],
            wanted.limit,
        )

    async def groups(self, after: str | None, limit: int) -> Page[GroupView]:
        start = decode_id(after)
        found = [group for key, group in sorted(self._groups.items()) if start is None or key > start]
        return page_of([_group(group) for group in found], limit)

    async def group(self, group_id: UUID) -> GroupView:
        if group_id not in self._groups:
            raise GroupNotFound
        return _group(self._groups[group_id])

    async def groups_of(self, account_id: UUID) -> list[GroupView]:
        mine = [_group(group) for key, group in self._groups.items() if (key, account_id) in self._members]
        return sorted(mine, key=lambda group: group.code)

    async def timeline(self, account_id: UUID, after: str | None, limit: int) -> Page[TimelineEntry]:
        return _newest_first([entry for whose, entry in self._timeline.values() if whose == account_id], after, limit)


def _newest_first(found: list[E], after: str | None, limit: int) -> Page[E]:
    last = decode_id(after)
    shown = sorted((each for each in found if last is None or each.id < last), key=lambda each: each.id, reverse=True)
    return page_of(shown, limit)


def _consent(consent: Consent) -> ConsentView:
    return ConsentView(consent.id, consent.purpose, consent.granted, consent.source, consent.at)


def _group(group: CustomerGroup) -> GroupView:
    return GroupView(group.id, group.version, group.code, group.name, group.description, group.created_at)
