"""What one person asks for and another has to agree to: above a limit, nobody changes prices or rights alone.

A use case that finds itself above the limit of the shop asks instead of acting, in its own transaction:

    if self.limit.exceeded(...):
        approval = await self.second.ask(uow, actor, PRICES, product, cmd)
        await uow.commit()
        return approval

and carries it out, once and for the version that was asked about, when somebody else agrees:

    async def approved(self, actor: Actor, approval_id: UUID) -> None:
        async with self.uow() as uow:
            approval = await self.second.approve(uow, actor, approval_id)
            await self._edit(uow, actor, approval.target_id, approval.cmd(EditProduct), approval.target_version)
            await uow.commit()
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec

from merx.kernel.actor import Actor, ActorKind
from merx.kernel.audit import AuditEntry, pictured
from merx.kernel.errors import Conflict, Forbidden, NotFound
from merx.kernel.ids import new_id
from merx.kernel.model import Command, Entity, View
from merx.kernel.ports import Clock, Transaction, UnitOfWork

C = TypeVar("C", bound=Command)


class ApprovalNotFound(NotFound):
    slug = "approvals.not-found"
    title = "No such approval"


class OwnRequest(Forbidden):
    slug = "approvals.own-request"
    title = "Another person has to agree"


class ApprovalOver(Conflict):
    """Decided already, or too old."""

    slug = "approvals.over"
    title = "This is decided already or has expired"


class ApprovalStale(Conflict):
    slug = "approvals.stale"
    title = "Changed since it was asked about: ask again"


class Kind(msgspec.Struct, frozen=True):
    """What is asked for, `catalog.edit-product`, and the right that whoever agrees must hold without a limit."""

    name: str
    permission: str


class State(StrEnum):
    pending = "pending"
    approved = "approved"
    rejected = "rejected"


class Approval(Entity, kw_only=True):
    """`command` is what was sent; it is carried out if `target` is still at `target_version`. A use case for which
    other things matter too adds to it what they came to, and compares.
    """

    kind: str
    permission: str
    target: str
    target_id: UUID
    target_version: int
    command: dict[str, Any]
    asked_by: UUID
    asked_at: datetime
    expires_at: datetime
    state: State = State.pending
    decided_by: UUID | None = None
    decided_at: datetime | None = None
    reason: str = ""

    def cmd(self, type_: type[C]) -> C:
        return msgspec.convert(self.command, type_)

    def approve(self, by: UUID, now: datetime) -> None:
        """Raises OwnRequest, ApprovalOver."""
        if by == self.asked_by:
            raise OwnRequest
        self._decide(State.approved, by, now)

    def reject(self, by: UUID, now: datetime, reason: str) -> None:
        """Also by whoever asked, who takes it back. Raises ApprovalOver."""
        self._decide(State.rejected, by, now)
        self.reason = reason

    def _decide(self, state: State, by: UUID, now: datetime) -> None:
        if self.state is not State.pending or now >= self.expires_at:
            raise ApprovalOver
        self.state, self.decided_by, self.decided_at = state, by, now


class Asked(View, frozen=True):
    """Nothing has changed yet: another person has to agree at `/approvals/{id}/approve`."""

    approval_id: UUID
    kind: str
    expires_at: datetime


class Approvals(Protocol):
    """Kept in the transaction of the use case that asks or carries out."""

    async def add(self, tx: Transaction, approval: Approval) -> None: ...

    async def locked(self, tx: Transaction, approval_id: UUID) -> Approval:
        """Nobody else decides meanwhile. Raises ApprovalNotFound."""
        ...

    async def save(self, tx: Transaction, approval: Approval) -> None: ...


@dataclass(frozen=True, slots=True)
class SecondPerson:
    approvals: Approvals
    clock: Clock
    days: int

    async def ask(self, uow: UnitOfWork, actor: Actor, kind: Kind, target: Entity, cmd: Command) -> Asked:
        """The caller commits, and nothing else. Raises Forbidden for programs: who owns them could be both persons."""
        now = self.clock.now()
        approval = Approval(
            id=new_id(),
            kind=kind.name,
            permission=kind.permission,
            target=type(target).__name__.lower(),
            target_id=target.id,
            target_version=target.version,
            command=msgspec.to_builtins(cmd),
            asked_by=_person(actor),
            asked_at=now,
            expires_at=now + timedelta(days=self.days),
        )
        await self.approvals.add(uow.tx, approval)
        uow.record(AuditEntry.of(actor, "approvals.approval-asked", approval))
        return Asked(approval.id, approval.kind, approval.expires_at)

    async def approve(self, uow: UnitOfWork, actor: Actor, approval_id: UUID) -> Approval:
        """The caller carries it out and commits both together.

        Raises ApprovalNotFound, OwnRequest, ApprovalOver, StepUpNeeded, Forbidden.
        """
        person = _person(actor)
        approval = await self.approvals.locked(uow.tx, approval_id)
        actor.must_may(approval.permission)
        actor.must_be_fresh()
        before = pictured(approval)
        approval.approve(person, self.clock.now())
        await self.approvals.save(uow.tx, approval)
        uow.record(AuditEntry.of(actor, "approvals.approval-given", approval, before=before))
        return approval

    async def reject(self, uow: UnitOfWork, actor: Actor, approval_id: UUID, reason: str) -> None:
        """The caller commits. Raises ApprovalNotFound, ApprovalOver, Forbidden."""
        person = _person(actor)
        approval = await self.approvals.locked(uow.tx, approval_id)
        if person != approval.asked_by:
            actor.must_may(approval.permission)
        before = pictured(approval)
        approval.reject(person, self.clock.now(), reason)
        await self.approvals.save(uow.tx, approval)
        uow.record(AuditEntry.of(actor, "approvals.approval-refused", approval, before=before))


def _person(actor: Actor) -> UUID:
    if actor.kind is not ActorKind.staff or actor.account_id is None:
        raise Forbidden("above the limit of the shop two people decide")
    return actor.account_id
