"""A person wants to be forgotten, proves it, and may think better of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from merx.contexts.privacy.domain.erasure import CODE_LIFE, CODE_PURPOSE, Erasure, ErasureState
from merx.contexts.privacy.domain.errors import (
    AskedTooOften,
    ErasureNotFound,
    InvalidErasureCode,
    OpenMatters,
    StaffAccount,
)
from merx.contexts.privacy.events import ErasureAsked, ErasureCancelled, ErasureScheduled
from merx.contexts.privacy.ports.neighbours import Accounts, Codes, Person
from merx.contexts.privacy.ports.parts import Part
from merx.contexts.privacy.ports.repositories import PrivacyUow, PrivacyUowFactory
from merx.contexts.privacy.usecases.exports import known_person, the_person, traced
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.model import Command
from merx.kernel.personal_data import Subject
from merx.kernel.ports import Clock

# Codes sent within the life of one: whoever asks again and again fills no mailbox.
MAX_ASKED = 5


class EraseMe(Command, frozen=True):
    """Without a password, and for an account with a second factor, the step-up must be fresh."""

    password: Annotated[str, msgspec.Meta(min_length=1, max_length=256)] | None = None


class ConfirmErasure(Command, frozen=True):
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class ErasePerson(Command, frozen=True):
    """`reference` finds the written request in the shop's files."""

    reference: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./#-]{0,63}\Z", examples=["2030/117"])]


async def must_be_settled(parts: Sequence[Part], subject: Subject) -> None:
    """Raises OpenMatters while an order is on its way or a payment open."""
    subject = await traced(parts, subject)
    matters = [matter for part in parts for matter in await part.matters(subject)]
    if matters:
        raise OpenMatters(f"not finished: {', '.join(matters)}", extra={"matters": matters})


@dataclass(frozen=True, slots=True)
class AskErasureHandler:
    """The first step: is the owner. The second one is a code by mail.

    Asked again while it waits or runs, the answer is what goes on. Raises PersonNotFound, StaffAccount, OpenMatters,
    AskedTooOften, and what Accounts.prove raises.
    """

    uow: PrivacyUowFactory
    parts: Sequence[Part]
    accounts: Accounts
    clock: Clock

    async def __call__(self, actor: Actor, cmd: EraseMe) -> None:
        account_id = the_person(actor)
        await self.accounts.prove(actor, cmd.password)
        person = await known_person(self.accounts, account_id)
        if person.is_staff:
            raise StaffAccount
        await must_be_settled(self.parts, Subject(account_id=account_id))
        now = self.clock.now()
        async with self.uow() as uow:
            held = await uow.erasures.open_of(account_id)
            if held is not None and held.state is not ErasureState.asked:
                return
            if await uow.erasures.asked_since(account_id, now - CODE_LIFE) >= MAX_ASKED:
                raise AskedTooOften(f"{MAX_ASKED} codes an hour", retry_after=int(CODE_LIFE.total_seconds()))
            if held is not None:
                # Its code is void from now on: the newest is the one that counts.
                held.cancel(now)
                await uow.erasures.save(held)
            erasure = Erasure.ask(account_id, person.email, now)
            await uow.erasures.add(erasure)
            uow.record(_about(erasure, actor, "privacy.erasure-asked"))
            uow.emit(
                ErasureAsked(at=now, account_id=account_id, code_id=erasure.id, email=person.email, name=person.name)
            )
            await uow.commit()


@dataclass(frozen=True, slots=True)
class ConfirmErasureHandler:
    """The second step begins the waiting time. Raises InvalidErasureCode, OpenMatters, PersonNotFound."""

    uow: PrivacyUowFactory
    parts: Sequence[Part]
    accounts: Accounts
    codes: Codes
    clock: Clock
    days: int

    async def __call__(self, actor: Actor, cmd: ConfirmErasure) -> None:
        account_id = the_person(actor)
        erasure_id = self.codes.read(CODE_PURPOSE, cmd.code)
        if erasure_id is None:
            raise InvalidErasureCode
        person = await known_person(self.accounts, account_id)
        await must_be_settled(self.parts, Subject(account_id=account_id))
        now = self.clock.now()
        async with self.uow() as uow:
            try:
                erasure = await uow.erasures.locked(erasure_id)
            except ErasureNotFound:
                raise InvalidErasureCode from None
            erasure.confirm(account_id, now, timedelta(days=self.days))
            if erasure.email != person.email:
                # The mailbox that was proved is not the account's any more.
                raise InvalidErasureCode
            await uow.erasures.save(erasure)
            uow.record(_about(erasure, actor, "privacy.erasure-confirmed"))
            _tell(uow, erasure, person, now)
            await uow.commit()


@dataclass(frozen=True, slots=True)
class ErasePersonHandler:
    """Staff starts it, on a written request of the person, who is told and may call it off.

    Asked again while one goes on, the answer is that one. Raises PersonNotFound, StaffAccount, OpenMatters.
    """

    uow: PrivacyUowFactory
    parts: Sequence[Part]
    accounts: Accounts
    clock: Clock
    days: int

    async def __call__(self, actor: Actor, account_id: UUID, cmd: ErasePerson) -> None:
        person = await known_person(self.accounts, account_id)
        if person.is_staff:
            raise StaffAccount
        await must_be_settled(self.parts, Subject(account_id=account_id))
        now = self.clock.now()
        async with self.uow() as uow:
            held = await uow.erasures.open_of(account_id)
            if held is not None and held.state is not ErasureState.asked:
                return
            if held is not None:
                held.cancel(now)
                await uow.erasures.save(held)
            wait = timedelta(days=self.days)
            erasure = Erasure.order(account_id, person.email, cmd.reference, now, wait)
            await uow.erasures.add(erasure)
            uow.record(_about(erasure, actor, "privacy.erasure-ordered", reference=cmd.reference))
            _tell(uow, erasure, person, now)
            await uow.commit()


@dataclass(frozen=True, slots=True)
class CancelErasureHandler:
    """By the person or by staff. Raises ErasureNotFound, TooLate."""

    uow: PrivacyUowFactory
    accounts: Accounts
    clock: Clock

    async def __call__(self, actor: Actor, account_id: UUID) -> None:
        person = await self.accounts.person(account_id)
        now = self.clock.now()
        async with self.uow() as uow:
            erasure = await uow.erasures.open_of(account_id)
            if erasure is None:
                raise ErasureNotFound
            announced = erasure.state is ErasureState.waiting
            erasure.cancel(now)
            await uow.erasures.save(erasure)
            uow.record(_about(erasure, actor, "privacy.erasure-cancelled"))
            if announced and person is not None:
                uow.emit(ErasureCancelled(at=now, account_id=account_id, email=person.email, name=person.name))
            await uow.commit()


def _about(erasure: Erasure, actor: Actor, action: str, **values: str) -> AuditEntry:
    told = facts(erasure=str(erasure.id), **values)
    return AuditEntry(actor=actor, action=action, target="account", target_id=erasure.account_id, changes=told)


def _tell(uow: PrivacyUow, erasure: Erasure, person: Person, now: datetime) -> None:
    assert erasure.due_at is not None
    uow.emit(
        ErasureScheduled(
            at=now,
            account_id=person.id,
            email=person.email,
            name=person.name,
            due_at=erasure.due_at,
            by_staff=erasure.by_staff,
        )
    )
