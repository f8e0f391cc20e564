"""Whose account a person at a provider signs in to."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from merx.contexts.identity.domain.account import PERSONAL, Account, AccountKind, TypedEmail
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.linked_identity import MAX_LINKED, LinkedIdentity
from merx.contexts.identity.domain.provider_errors import AccountClosed, LinkFirst, StaffProvider, TooManyIdentities
from merx.contexts.identity.events import IdentityLinked
from merx.contexts.identity.ports.providers import ProvedIdentity, ProviderRules
from merx.contexts.identity.ports.queries import IdentityQueries
from merx.contexts.identity.ports.repositories import IdentityUow
from merx.kernel.actor import Actor
from merx.kernel.address import email_key
from merx.kernel.audit import AuditEntry
from merx.kernel.text import Name


@dataclass(frozen=True, slots=True)
class IdentityOwner:
    """The account that the identity is linked to, or the one with its e-mail, or a new one.

    An e-mail counts only when the provider is trusted for it and says that it is verified, and an account is found by
    it only when its own e-mail is verified and it is of the provider's kind. In every other case the answer is
    LinkFirst, whether or not there is an account, so a provider that believes any e-mail tells nobody who is a
    customer, and nobody gets into what somebody else began.
    """

    queries: IdentityQueries

    async def look(self, rules: ProviderRules, proved: ProvedIdentity) -> UUID | None:
        """The account with the identity's e-mail, as far as that counts. Before the transaction of `settle`."""
        email = trusted_email(rules, proved)
        found = await self.queries.credentials(email_key(email)) if email else None
        return None if found is None else found.account_id

    async def settle(
        self,
        uow: IdentityUow,
        rules: ProviderRules,
        proved: ProvedIdentity,
        found: UUID | None,
        caller: Caller,
        now: datetime,
    ) -> Account:
        """The account, locked unless it is new; `found` is the answer of `look`.

        Raises LinkFirst, AccountClosed, StaffProvider, TooManyIdentities; EmailTaken and IdentityTaken when somebody
        was faster.
        """
        linked = await uow.linked_identities.by_subject(proved.issuer, proved.subject)
        if linked is not None:
            account = await uow.accounts.locked(linked.account_id)
            if not account.is_active:
                raise AccountClosed
            # An operator may have made the provider one for staff since.
            if rules.kind is AccountKind.staff and account.kind is not AccountKind.staff:
                raise StaffProvider
            await uow.linked_identities.note_use(linked.id, now)
            return account
        email = trusted_email(rules, proved)
        if email is None:
            raise LinkFirst
        if found is None:
            return await self._open(uow, rules, proved, email, caller, now)
        account = await uow.accounts.locked(found)
        same = account.email_key == email_key(email) and account.email_verified_at is not None
        if not same or not account.is_active or account.kind is not rules.kind:
            raise LinkFirst
        await add_identity(uow, account, rules, proved, caller.speaking_for(account), now)
        return account

    @staticmethod
    async def _open(
        uow: IdentityUow, rules: ProviderRules, proved: ProvedIdentity, email: str, caller: Caller, now: datetime
    ) -> Account:
        account, event = Account.open(
            email=email, name=_name(proved, email), kind=rules.kind, password_hash=None, now=now
        )
        # The provider has seen the owner of the mailbox.
        account.email_verified_at = now
        await uow.accounts.add(account)
        uow.emit(event)
        identity = _identity(account, rules, proved, now)
        identity.used_at = now
        await uow.linked_identities.add(identity)
        uow.record(
            AuditEntry.of(caller.speaking_for(account), "identity.registered-through-provider", account, hide=PERSONAL),
            AuditEntry.of(caller.speaking_for(account), "identity.identity-linked", identity, hide=("subject",)),
        )
        return account


async def add_identity(
    uow: IdentityUow, account: Account, rules: ProviderRules, proved: ProvedIdentity, actor: Actor, now: datetime
) -> LinkedIdentity:
    """One more way into an account that is there, of which its owner is told. Lock the account before."""
    if len(await uow.linked_identities.of_account(account.id)) >= MAX_LINKED:
        raise TooManyIdentities
    identity = _identity(account, rules, proved, now)
    await uow.linked_identities.add(identity)
    uow.record(AuditEntry.of(actor, "identity.identity-linked", identity, hide=("subject",)))
    uow.emit(
        IdentityLinked(
            at=now,
            account_id=account.id,
            identity_id=identity.id,
            provider=rules.title,
            email=account.email,
            name=account.name,
        )
    )
    return identity


def trusted_email(rules: ProviderRules, proved: ProvedIdentity) -> str | None:
    if not rules.trusts_email or not proved.email_verified or proved.email is None:
        return None
    try:
        return msgspec.convert(proved.email, TypedEmail).strip()
    except msgspec.ValidationError:
        return None


def _identity(account: Account, rules: ProviderRules, proved: ProvedIdentity, now: datetime) -> LinkedIdentity:
    return LinkedIdentity.link(
        account.id,
        provider=rules.name,
        issuer=proved.issuer,
        subject=proved.subject,
        email=proved.email,
        now=now,
    )


def _name(proved: ProvedIdentity, email: str) -> str:
    """What people are greeted with: what the provider calls them, when that is a name."""
    try:
        return msgspec.convert((proved.name or "").strip()[:200], Name)
    except msgspec.ValidationError:
        return email.split("@", 1)[0]
