"""A person asks for what is known of them, and fetches it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from merx.contexts.privacy.domain.archive import archive
from merx.contexts.privacy.domain.errors import ExportNotFound, ExportNotReady, PersonNotFound
from merx.contexts.privacy.domain.export import DAY, DataExport, ExportState
from merx.contexts.privacy.events import ExportAsked, ExportReady
from merx.contexts.privacy.ports.files import ExportFiles
from merx.contexts.privacy.ports.neighbours import Accounts, Person
from merx.contexts.privacy.ports.parts import Part
from merx.contexts.privacy.ports.queries import PrivacyQueries
from merx.contexts.privacy.ports.repositories import PrivacyUowFactory
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry
from merx.kernel.errors import Unauthenticated
from merx.kernel.model import Event
from merx.kernel.personal_data import Section, Subject
from merx.kernel.ports import Clock

BATCH = 200


def the_person(actor: Actor) -> UUID:
    """The account of whoever is signed in. Raises Unauthenticated, and Forbidden for somebody in the person's place."""
    if actor.account_id is None:
        raise Unauthenticated
    actor.must_be_in_person()
    return actor.account_id


async def known_person(accounts: Accounts, account_id: UUID) -> Person:
    """Raises PersonNotFound for an account that is not open."""
    person = await accounts.person(account_id)
    if person is None:
        raise PersonNotFound
    return person


async def traced(parts: Sequence[Part], subject: Subject) -> Subject:
    """The subject by all its names: a name that one part knows may lead another one to more."""
    for _ in range(2):
        for part in parts:
            subject = await part.traces(subject)
    return subject


@dataclass(frozen=True, slots=True)
class AskExportHandler:
    """Asked again while it is being made, the answer is the same export. Raises PersonNotFound, TooManyExports."""

    uow: PrivacyUowFactory
    accounts: Accounts
    clock: Clock

    async def __call__(self, actor: Actor) -> UUID:
        account_id = the_person(actor)
        await known_person(self.accounts, account_id)
        now = self.clock.now()
        async with self.uow() as uow:
            lately = await uow.exports.asked_since(account_id, now - DAY)
            held = await uow.exports.preparing(account_id)
            if held is None:
                DataExport.must_be_few(lately, now)
                export, asked = DataExport.ask(account_id, now)
                await uow.exports.add(export)
                uow.emit(asked)
                uow.record(
                    AuditEntry(actor=actor, action="privacy.export-asked", target="account", target_id=account_id)
                )
                await uow.commit()
                return export.id
            again = held.ask_again(now)
            if again is not None:
                await uow.exports.save(held)
                uow.emit(again)
                await uow.commit()
            return held.id


@dataclass(frozen=True, slots=True)
class MakeExportHandler:
    """Gathers every context's part and puts the file down; the person is told by mail.

    Told twice, or killed on the way, it makes the same file again under the same name. A newer file takes the place of
    older ones.
    """

    uow: PrivacyUowFactory
    parts: Sequence[Part]
    accounts: Accounts
    files: ExportFiles
    clock: Clock
    days: int

    async def __call__(self, event: ExportAsked) -> None:
        async with self.uow() as uow:
            found = await uow.exports.find((event.export_id,))
        if not found:
            # Erased with the person, perhaps while we wrote its file.
            await self.files.remove(event.export_id)
            return
        (export,) = found
        # An account that was closed meanwhile gets nothing.
        person = await self.accounts.person(export.account_id) if export.state is ExportState.preparing else None
        if person is not None:
            subject = await traced(self.parts, Subject(account_id=person.id))
            sections: list[Section] = []
            for part in self.parts:
                sections += await part.export(subject)
            now = self.clock.now()
            content = await asyncio.to_thread(archive, sections, now)
            await self.files.write(export.id, content)
            try:
                await self._is_there(export.id, person, len(content), now)
            except ExportNotFound:
                await self.files.remove(export.id)
                return
        elif export.state is not ExportState.ready:
            return
        # Also when it was there already: whoever made it may have been killed before this.
        await _expire(self.uow, self.files, await self._older(export))

    async def _is_there(self, export_id: UUID, person: Person, size: int, now: datetime) -> None:
        """The person is told. Raises ExportNotFound."""
        async with self.uow() as uow:
            export = await uow.exports.get(export_id)
            export.is_there(size, now, timedelta(days=self.days))
            await uow.exports.save(export)
            assert export.expires_at is not None
            ready = ExportReady(
                at=now,
                account_id=person.id,
                export_id=export.id,
                email=person.email,
                name=person.name,
                expires_at=export.expires_at,
            )
            uow.emit(ready)
            await uow.commit()

    async def _older(self, export: DataExport) -> list[DataExport]:
        async with self.uow() as uow:
            held = await uow.exports.of_account(export.account_id)
        return [each for each in held if each.id < export.id and each.state is ExportState.ready]


@dataclass(frozen=True, slots=True)
class ReadExportFileHandler:
    """Raises ExportNotFound, ExportNotReady."""

    queries: PrivacyQueries
    files: ExportFiles
    clock: Clock

    async def __call__(self, actor: Actor, export_id: UUID) -> bytes:
        account_id = the_person(actor)
        export = await self.queries.export(account_id, export_id)
        if export.state is not ExportState.ready or export.expires_at is None or self.clock.now() >= export.expires_at:
            raise ExportNotReady
        content = await self.files.read(export_id)
        if content is None:
            raise ExportNotReady
        return content


@dataclass(frozen=True, slots=True)
class ForgetExportsHandler:
    """What is beyond a batch waits for the next turn."""

    uow: PrivacyUowFactory
    files: ExportFiles
    clock: Clock

    async def __call__(self, _: Event) -> None:
        async with self.uow() as uow:
            outdated = await uow.exports.outdated(self.clock.now(), BATCH)
        await _expire(self.uow, self.files, outdated)


async def _expire(uow_of: PrivacyUowFactory, files: ExportFiles, exports: Sequence[DataExport]) -> None:
    """The files first, and no transaction is open meanwhile.

    A row without a file is tidied up at the next turn, a file without a row is found by nobody.
    """
    for export in exports:
        await files.remove(export.id)
    async with uow_of() as uow:
        for export in exports:
            export.expire()
            await uow.exports.save(export)
        await uow.commit()
