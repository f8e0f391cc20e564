"""A browser comes back from a provider."""

from dataclasses import dataclass
from typing import Annotated

import msgspec

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import EmailTaken
from merx.contexts.identity.domain.provider_errors import (
    AccountClosed,
    IdentityTaken,
    LinkFirst,
    ProviderRefused,
    SignInDeclined,
    SignInInterrupted,
    StaffProvider,
)
from merx.contexts.identity.domain.provider_sign_in import ProviderFlow, ProviderSignIn, Purpose
from merx.contexts.identity.ports.providers import (
    Departure,
    FlowSeal,
    OutcomeCodes,
    ProvedIdentity,
    ProviderRules,
    Providers,
)
from merx.contexts.identity.ports.repositories import IdentityUow, IdentityUowFactory
from merx.contexts.identity.usecases.identity_owner import IdentityOwner
from merx.contexts.identity.usecases.note_refusal import RefusalNotes
from merx.kernel.model import Command
from merx.kernel.ports import Clock

# What the codes are for with which the browser collects the outcome.
OUTCOMES = {Purpose.sign_in: "provider-sign-in", Purpose.link: "provider-link"}


# Somebody has come back with a state of ours. Not: an old page or a made-up address, which cost nothing and prove
# nothing; a provider that is away; a person who changed her mind there.
_PUT_ON_RECORD = (ProviderRefused, LinkFirst, AccountClosed, StaffProvider)


class CameBack(Command, frozen=True):
    """The parameters of a callback (RFC 6749 §4.1.2, RFC 9207)."""

    state: Annotated[str, msgspec.Meta(min_length=1, max_length=2048)] | None = None
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)] | None = None
    error: Annotated[str, msgspec.Meta(max_length=256)] | None = None
    iss: Annotated[str, msgspec.Meta(max_length=512)] | None = None


class Outcome(msgspec.Struct, frozen=True):
    """`code` collects what came of it. `return_to` is the path that the sign-in began with."""

    purpose: Purpose
    code: str
    return_to: str

    def __repr__(self) -> str:
        return f"Outcome({self.purpose})"


@dataclass(frozen=True, slots=True)
class FinishProviderSignInHandler:
    """`browser` is the secret of the browser that came back.

    Raises ProviderNotFound, SignInInterrupted, SignInDeclined, ProviderRefused, ProviderAway, and what IdentityOwner
    raises. The state is used up before the provider is asked, and no transaction is open while it answers.
    """

    uow: IdentityUowFactory
    providers: Providers
    seal: FlowSeal
    owner: IdentityOwner
    codes: OutcomeCodes
    refusals: RefusalNotes
    clock: Clock

    async def __call__(self, provider: str, came: CameBack, browser: str | None, caller: Caller) -> Outcome:
        rules = self.providers.rules(provider)
        try:
            return await self._finish(rules, came, browser, caller)
        except _PUT_ON_RECORD as refusal:
            await self.refusals.provider(caller.anonymous(), rules.name, refusal.slug)
            raise

    async def _finish(self, rules: ProviderRules, came: CameBack, browser: str | None, caller: Caller) -> Outcome:
        flow, departure = await self._use_up(rules, came.state, browser)
        if came.error is not None or came.code is None:
            raise SignInDeclined
        proved = await self.providers.identify(rules.name, came.code, departure, came.iss)
        try:
            await self._note(flow, rules, proved, caller)
        except (EmailTaken, IdentityTaken):
            # The same person was a moment faster on another way: now there is an account to be found.
            await self._note(flow, rules, proved, caller)
        return Outcome(flow.purpose, self.codes.text(OUTCOMES[flow.purpose], flow.id), flow.return_to)

    async def _use_up(
        self, rules: ProviderRules, state: str | None, browser: str | None
    ) -> tuple[ProviderFlow, Departure]:
        opened = self.seal.open(state, browser) if state and browser else None
        if opened is None or browser is None:
            raise SignInInterrupted
        flow, departure = opened
        # A state that was made for another provider means that answers were mixed up (RFC 9700 §4.4).
        if flow.provider != rules.name or self.clock.now() >= flow.expires_at:
            raise SignInInterrupted
        async with self.uow() as uow:
            if not await uow.provider_sign_ins.claim(ProviderSignIn.claim(flow, browser)):
                raise SignInInterrupted
            await uow.commit()
        return flow, departure

    async def _note(self, flow: ProviderFlow, rules: ProviderRules, proved: ProvedIdentity, caller: Caller) -> None:
        """Whose sign-in it is, to be collected by whoever began it."""
        found = await self.owner.look(rules, proved) if flow.account_id is None else None
        now = self.clock.now()
        async with self.uow() as uow:
            sign_in = await uow.provider_sign_ins.locked(flow.id)
            if sign_in is None:
                raise SignInInterrupted
            if flow.account_id is not None:
                account = await _active(uow, flow)
            else:
                account = await self.owner.settle(uow, rules, proved, found, caller, now)
            sign_in.issuer, sign_in.subject, sign_in.email = proved.issuer, proved.subject, proved.email
            sign_in.multi_factor = proved.multi_factor
            sign_in.prove(account.id, account.credentials_version, now)
            await uow.provider_sign_ins.save(sign_in)
            await uow.commit()


async def _active(uow: IdentityUow, flow: ProviderFlow) -> Account:
    """The account that an identity is to be linked to. The link itself is made when its owner collects it."""
    assert flow.account_id is not None
    account = await uow.accounts.get(flow.account_id)
    if not account.is_active:
        raise AccountClosed
    return account
