"""People say what the shop may do with what it knows of them."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from merx.contexts.users.domain.consent import Consent, Purpose
from merx.contexts.users.events import ConsentChanged
from merx.contexts.users.ports.neighbours import Accounts
from merx.contexts.users.ports.queries import ConsentView, TimelineEntry
from merx.contexts.users.ports.repositories import UsersUowFactory
from merx.contexts.users.usecases.profiles import open_account, profile_of
from merx.kernel.actor import Actor
from merx.kernel.ids import new_id
from merx.kernel.model import Command
from merx.kernel.ports import Clock

Source = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\Z")]


class RecordConsent(Command, frozen=True):
    """`source` names where the person was asked."""

    purpose: Purpose
    granted: bool
    source: Source = "account"


@dataclass(frozen=True, slots=True)
class RecordConsentHandler:
    """Every answer is kept, the same one again too: it has another time and source.

    Raises ProfileNotFound, and Forbidden for staff in the person's place: nobody consents for somebody else.
    """

    uow: UsersUowFactory
    accounts: Accounts
    clock: Clock

    async def __call__(self, actor: Actor, cmd: RecordConsent) -> ConsentView:
        actor.must_be_in_person()
        account = await open_account(self.accounts, actor.customer_id)
        now = self.clock.now()
        async with self.uow() as uow:
            # One answer after the other: the newest id is the newest answer.
            await profile_of(uow, account)
            consent = Consent(
                id=new_id(),
                account_id=account.id,
                purpose=cmd.purpose,
                granted=cmd.granted,
                source=cmd.source,
                at=now,
            )
            await uow.consents.add(consent)
            kind = "consent_given" if cmd.granted else "consent_withdrawn"
            entry = TimelineEntry(consent.id, now, kind, f"{cmd.purpose} ({cmd.source})", None)
            await uow.timeline.note(entry, account.id)
            uow.emit(
                ConsentChanged(
                    at=now,
                    account_id=account.id,
                    purpose=cmd.purpose.value,
                    granted=cmd.granted,
                    source=cmd.source,
                )
            )
            await uow.commit()
        return ConsentView(consent.id, consent.purpose, consent.granted, consent.source, consent.at)
