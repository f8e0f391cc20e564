"""Staff acts in the place of a customer, for some minutes and on the record."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.errors import AccountNotFound, StaffStandsForItself
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.ports.security import AccessTokenIssuer
from merx.kernel.actor import IN_PLACE_SECONDS, Actor, ActorKind
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.errors import Forbidden
from merx.kernel.model import Command, View
from merx.kernel.text import LINE


class Impersonate(Command, frozen=True):
    """`reason` is kept in the audit trail: the number of a ticket, not the story of a person."""

    reason: Annotated[str, Meta(min_length=3, max_length=200, pattern=LINE)]


class Impersonation(View, frozen=True):
    """`token` goes into `Authorization: Bearer …` and lives `seconds`. It cannot be renewed."""

    token: str
    seconds: int

    def __repr__(self) -> str:
        return "Impersonation(***)"


@dataclass(frozen=True, slots=True)
class ImpersonateHandler:
    """Raises AccountNotFound, also for a closed account, StaffStandsForItself, and Forbidden for programs."""

    uow: IdentityUowFactory
    access_tokens: AccessTokenIssuer

    async def __call__(self, actor: Actor, account_id: UUID, cmd: Impersonate) -> Impersonation:
        if actor.kind is not ActorKind.staff or actor.account_id is None:
            raise Forbidden("people act in the place of people")
        async with self.uow() as uow:
            account = await uow.accounts.locked(account_id)
            if not account.is_active:
                raise AccountNotFound
            if account.kind is not AccountKind.customer:
                raise StaffStandsForItself
            uow.record(
                AuditEntry(
                    actor=actor,
                    action="identity.impersonation-begun",
                    target="account",
                    target_id=account_id,
                    changes=facts(reason=cmd.reason, seconds=IN_PLACE_SECONDS),
                )
            )
            await uow.commit()
        token = self.access_tokens.issue(
            account_id, ActorKind.customer, ttl=IN_PLACE_SECONDS, impersonator=actor.account_id
        )
        return Impersonation(token, IN_PLACE_SECONDS)


@dataclass(frozen=True, slots=True)
class InPlaceNotes:
    """What staff changes in the place of a customer is staff's doing: each attempt is a row, and comes first."""

    uow: IdentityUowFactory

    async def note(self, actor: Actor, operation: str) -> None:
        """`operation` names the request without what was typed. What it changed is told by the change itself."""
        async with self.uow() as uow:
            uow.record(AuditEntry(actor=actor, action="identity.acted-in-place", target="request", target_id=operation))
            await uow.commit()
