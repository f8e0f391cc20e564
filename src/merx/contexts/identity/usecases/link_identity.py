"""Whoever is signed in adds a provider as one more way into the account."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.account import Account, AccountKind, GivenPassword
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import InvalidCode
from merx.contexts.identity.domain.linked_identity import LinkedIdentity
from merx.contexts.identity.domain.one_time_code import GivenCode
from merx.contexts.identity.domain.provider_errors import (
    AccountClosed,
    IdentityTaken,
    PasswordNeeded,
    StaffProvider,
    VerifyEmailFirst,
)
from merx.contexts.identity.domain.provider_sign_in import Challenge, ProviderFlow, ProviderSignIn, Purpose, Verifier
from merx.contexts.identity.ports.linked_identities import LinkedIdentityView
from merx.contexts.identity.ports.providers import FlowSeal, OutcomeCodes, ProvedIdentity, ProviderRules, Providers
from merx.contexts.identity.ports.repositories import IdentityUow, IdentityUowFactory
from merx.contexts.identity.usecases.finish_provider_sign_in import OUTCOMES
from merx.contexts.identity.usecases.identity_owner import add_identity
from merx.contexts.identity.usecases.present_password import PresentPassword
from merx.contexts.identity.usecases.trail import by_owner
from merx.kernel.actor import Actor
from merx.kernel.model import Command
from merx.kernel.ports import Clock


class LinkIdentity(Command, frozen=True):
    """`password` is needed when the account has one. `challenge`: see CollectLink."""

    password: GivenPassword | None = None
    challenge: Challenge | None = None


class CollectLink(Command, frozen=True):
    """`verifier` belongs to the `challenge` that the link began with; without one the browser's cookie is asked."""

    code: GivenCode
    verifier: Verifier | None = None


@dataclass(frozen=True, slots=True)
class StartLinkHandler:
    """Answers where to send the browser that holds the secret `browser`.

    An account without a password has none to show: its owner has to have signed in a moment ago. Raises
    ProviderNotFound, VerifyEmailFirst, StaffProvider, PasswordNeeded, StepUpNeeded, ProviderAway, and what
    PresentPassword raises.
    """

    uow: IdentityUowFactory
    providers: Providers
    seal: FlowSeal
    present_password: PresentPassword
    clock: Clock

    async def __call__(
        self, actor: Actor, account_id: UUID, provider: str, cmd: LinkIdentity, caller: Caller, browser: str
    ) -> str:
        rules = self.providers.rules(provider)
        async with self.uow() as uow:
            account = await uow.accounts.get(account_id)
        if not account.is_active:
            raise AccountClosed
        if rules.kind is AccountKind.staff and account.kind is not AccountKind.staff:
            raise StaffProvider
        if account.email_verified_at is None:
            raise VerifyEmailFirst
        if account.password_hash is None:
            actor.must_be_fresh()
        elif cmd.password is None:
            raise PasswordNeeded
        else:
            await self.present_password(account_id, cmd.password, caller)
        await self._note(account, rules, caller)
        flow = ProviderFlow.begin(rules.name, self.clock.now(), account_id=account_id, challenge=cmd.challenge)
        return await self.providers.departure_url(provider, self.seal.close(flow, browser))

    async def _note(self, account: Account, rules: ProviderRules, caller: Caller) -> None:
        async with self.uow() as uow:
            uow.record(by_owner(caller, account, "identity-link-begun", provider=rules.name))
            await uow.commit()


@dataclass(frozen=True, slots=True)
class CollectLinkHandler:
    """Makes the link, for the account that asked for it and in the browser where it did.

    Raises InvalidCode for every other caller and after its time, IdentityTaken and TooManyIdentities.
    """

    uow: IdentityUowFactory
    providers: Providers
    codes: OutcomeCodes
    clock: Clock

    async def __call__(
        self, account_id: UUID, cmd: CollectLink, browser: str | None, caller: Caller
    ) -> LinkedIdentityView:
        code_id = self.codes.read(OUTCOMES[Purpose.link], cmd.code)
        if code_id is None:
            raise InvalidCode
        now = self.clock.now()
        async with self.uow() as uow:
            sign_in = await uow.provider_sign_ins.locked(code_id)
            if sign_in is None or sign_in.collect(Purpose.link, cmd.verifier or browser, now) != account_id:
                raise InvalidCode
            account = await uow.accounts.locked(account_id)
            if not account.is_active or account.credentials_version != sign_in.credentials_version:
                raise InvalidCode
            await uow.provider_sign_ins.save(sign_in)
            rules, proved = self.providers.rules(sign_in.provider), _proved(sign_in)
            identity = await _held(uow, account_id, proved)
            if identity is None:
                identity = await add_identity(uow, account, rules, proved, caller.speaking_for(account), now)
            await uow.commit()
        return LinkedIdentityView(identity.id, identity.provider, identity.email, identity.linked_at, identity.used_at)


def _proved(sign_in: ProviderSignIn) -> ProvedIdentity:
    if sign_in.issuer is None or sign_in.subject is None:
        raise InvalidCode
    return ProvedIdentity(
        sign_in.issuer,
        sign_in.subject,
        sign_in.email,
        email_verified=False,
        name=None,
        multi_factor=sign_in.multi_factor,
    )


async def _held(uow: IdentityUow, account_id: UUID, proved: ProvedIdentity) -> LinkedIdentity | None:
    """The identity when the account has it already."""
    held = await uow.linked_identities.by_subject(proved.issuer, proved.subject)
    if held is not None and held.account_id != account_id:
        raise IdentityTaken
    return held
