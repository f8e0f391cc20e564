"""A person is forgotten, one step and one context at a time. Killed anywhere, the next turn goes on from there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from merx.contexts.privacy.domain.erasure import Erasure, ErasureState
from merx.contexts.privacy.events import ErasureBegun, ErasureDue
from merx.contexts.privacy.ports.files import ExportFiles
from merx.contexts.privacy.ports.neighbours import Accounts
from merx.contexts.privacy.ports.parts import Part
from merx.contexts.privacy.ports.repositories import PrivacyUow, PrivacyUowFactory
from merx.contexts.privacy.usecases.exports import traced
from merx.kernel.actor import Actor
from merx.kernel.address import email_key
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.model import Event
from merx.kernel.personal_data import Subject
from merx.kernel.ports import Clock

BATCH = 100
UNPROVED_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class FindDueErasuresHandler:
    """Runs in the transaction of the job, and tells a worker of each that is due."""

    clock: Clock

    async def __call__(self, _: Event, uow: PrivacyUow) -> None:
        now = self.clock.now()
        for erasure in await uow.erasures.due(now, BATCH):
            uow.emit(erasure.take_step(now))
            await uow.erasures.save(erasure)
        await uow.erasures.forget_unproved(now - UNPROVED_KEPT, BATCH)


@dataclass(frozen=True, slots=True)
class EraseHandler:
    """Takes the next step of an erasure. Told twice at once, each part is still erased once after the other.

    First the account is closed: nobody signs in, every session ends. Access tokens that were handed out before live
    on for `token_life`; only after that the parts are erased, so that nothing new is written behind the eraser.
    """

    uow: PrivacyUowFactory
    parts: Sequence[Part]
    accounts: Accounts
    files: ExportFiles
    clock: Clock
    token_life: timedelta

    async def __call__(self, event: ErasureDue) -> None:
        async with self.uow() as uow:
            erasure = await uow.erasures.get(event.erasure_id)
        if erasure.state is ErasureState.waiting:
            await self._close(erasure)
        elif erasure.state is ErasureState.closing and erasure.closed_at is None:
            await self._close_account(erasure)
        elif erasure.state in (ErasureState.closing, ErasureState.erasing):
            await self._erase(erasure)

    async def _close(self, erasure: Erasure) -> None:
        subject = await self._subject(erasure)
        matters = await self._matters(subject)
        now = self.clock.now()
        person = None if matters else await self.accounts.person(erasure.account_id)
        async with self.uow() as uow:
            erasure = await uow.erasures.locked(erasure.id)
            if erasure.state is not ErasureState.waiting:
                # Called off a moment ago, or another worker was faster.
                return
            if matters:
                erasure.postpone(matters, now)
            else:
                erasure.close(now)
                if person is not None:
                    uow.emit(ErasureBegun(at=now, account_id=person.id, email=person.email, name=person.name))
            await uow.erasures.save(erasure)
            await uow.commit()
        if not matters:
            await self._close_account(erasure)

    async def _close_account(self, erasure: Erasure) -> None:
        await self.accounts.close(erasure.account_id)
        async with self.uow() as uow:
            erasure = await uow.erasures.locked(erasure.id)
            if erasure.closed_at is None:
                erasure.closed(self.clock.now(), self.token_life)
                await uow.erasures.save(erasure)
                await uow.commit()

    async def _erase(self, erasure: Erasure) -> None:
        if erasure.closed_at is None or self.clock.now() < erasure.closed_at + self.token_life:
            return
        subject = erasure.subject or await self._begin(erasure)
        if subject is None:
            return
        for part in self.parts:
            if part.name not in erasure.parts_done:
                await part.erase(subject)
                await self._reported(erasure, part.name)
        await self._finish(erasure)

    async def _begin(self, erasure: Erasure) -> Subject | None:
        """Who it is by all names is written down first: the parts forget them one by one."""
        subject = await self._subject(erasure)
        matters = await self._matters(subject)
        now = self.clock.now()
        async with self.uow() as uow:
            locked = await uow.erasures.locked(erasure.id)
            if locked.state is not ErasureState.closing:
                # Another worker was faster. What it wrote down counts: by now some names may be forgotten already.
                return locked.subject
            if matters:
                # An order that was placed with the last token: it is sent and paid before anything is erased.
                locked.postpone(matters, now)
            else:
                locked.erase(subject, now)
            await uow.erasures.save(locked)
            await uow.commit()
        return None if matters else subject

    async def _reported(self, erasure: Erasure, part: str) -> None:
        async with self.uow() as uow:
            locked = await uow.erasures.locked(erasure.id)
            if part not in locked.parts_done:
                locked.reported(part, self.clock.now())
                await uow.erasures.save(locked)
                await uow.commit()

    async def _finish(self, erasure: Erasure) -> None:
        async with self.uow() as uow:
            exports = await uow.exports.of_account(erasure.account_id)
        for export in exports:
            await self.files.remove(export.id)
        async with self.uow() as uow:
            locked = await uow.erasures.locked(erasure.id)
            if not locked.is_open:
                return
            for export in exports:
                # Raises StaleVersion when its file was written meanwhile: then the next turn removes that one too.
                await uow.exports.remove(export)
            locked.finish(self.clock.now())
            await uow.erasures.save(locked)
            uow.record(
                AuditEntry(
                    actor=Actor.system(),
                    action="privacy.person-erased",
                    target="account",
                    target_id=erasure.account_id,
                    changes=facts(erasure=str(erasure.id), parts=list(locked.parts_done)),
                )
            )
            await uow.commit()

    async def _subject(self, erasure: Erasure) -> Subject:
        # The code that confirmed it was read in that mailbox; what staff typed in proves nothing.
        emails = () if erasure.by_staff else (email_key(erasure.email),)
        return await traced(self.parts, Subject(account_id=erasure.account_id, emails=emails))

    async def _matters(self, subject: Subject) -> list[str]:
        return [matter for part in self.parts for matter in await part.matters(subject)]
