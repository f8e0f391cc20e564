"""Refusals at the doors are written down, within a budget."""

import hashlib
import hmac
from dataclasses import dataclass, field
from uuid import UUID

from merx.contexts.identity.domain.refusals import RefusalBudget
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class EmailDigests:
    """What stands in the trail for an e-mail that somebody typed: the same for the same one, and no e-mail."""

    key: bytes = field(repr=False)

    def __call__(self, email_key: str) -> str:
        return hmac.digest(self.key, email_key.encode(), hashlib.sha256).hex()[:32]


@dataclass(frozen=True, slots=True)
class RefusalNotes:
    """The same work for an e-mail with an account and for one without, so that the time of an answer tells nothing."""

    uow: IdentityUowFactory
    digests: EmailDigests
    budget: RefusalBudget
    clock: Clock

    async def email(self, actor: Actor, action: str, email_key: str, account_id: UUID | None = None) -> None:
        """About whoever typed this e-mail; `account_id` when it was looked up and has one."""
        digest = self.digests(email_key)
        target = ("email", digest) if account_id is None else ("account", str(account_id))
        await self._note(actor, action, target, known=False)

    async def account(self, actor: Actor, action: str, account_id: UUID) -> None:
        """About somebody who is signed in to this account, or has shown its first factor."""
        await self._note(actor, action, ("account", str(account_id)), known=True)

    async def api_key(self, actor: Actor, action: str, key_id: UUID) -> None:
        await self._note(actor, action, ("api-key", str(key_id)), known=True)

    async def passkey(self, actor: Actor, credential_id: str) -> None:
        """About a passkey that was shown to sign in, whosever it is."""
        await self._note(actor, "identity.passkey-refused", ("passkey", self.digests(credential_id)), known=False)

    async def provider(self, actor: Actor, provider: str, reason: str) -> None:
        """About a browser that came back from a provider and is not let in; `reason` is the slug of why."""
        action = "identity.provider-sign-in-refused"
        await self._note(actor, action, ("sign-in-provider", provider), known=False, reason=reason)

    async def request(self, actor: Actor, operation: str, reason: str) -> None:
        """About somebody without the right to what was asked, or whose browser was made to ask it."""
        if actor.account_id is None:
            target = ("request", operation)
        else:
            target = ("api-key" if actor.kind is ActorKind.api_key else "account", str(actor.account_id))
        known, told = actor.account_id is not None, {"operation": operation, "reason": reason}
        await self._note(actor, "identity.request-refused", target, known=known, **told)

    async def _note(self, actor: Actor, action: str, target: tuple[str, str], *, known: bool, **told: str) -> None:
        left_out = self.budget.take(action, target[1], self.clock.now(), known=known)
        if left_out is None:
            return
        changes = facts(**told, **({"left_out": left_out} if left_out else {}))
        async with self.uow() as uow:
            uow.record(AuditEntry(actor=actor, action=action, target=target[0], target_id=target[1], changes=changes))
            await uow.commit()
