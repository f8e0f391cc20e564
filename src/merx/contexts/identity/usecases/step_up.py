"""Whoever is signed in proves once more who she is, before what must not be done with a computer left open."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import UNSET, UnsetType

from merx.contexts.identity.domain.account import Account, GivenPassword
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import (
    InvalidCredentials,
    NoSecondFactor,
    ProofTooWeak,
    SignedOut,
    WrongFactor,
    WrongPassword,
)
from merx.contexts.identity.domain.second_factors import HeldFactors, Method
from merx.contexts.identity.domain.session import Session
from merx.contexts.identity.ports.passkeys import RequestOptions
from merx.contexts.identity.ports.queries import IdentityQueries
from merx.contexts.identity.ports.repositories import IdentityUow, IdentityUowFactory
from merx.contexts.identity.ports.second_factors import FactorQueries
from merx.contexts.identity.usecases.factor_proof import FactorProof, GivenFactor
from merx.contexts.identity.usecases.own_account import own_account
from merx.contexts.identity.usecases.passkey_proof import PasskeyProof
from merx.contexts.identity.usecases.present_password import PresentPassword
from merx.contexts.identity.usecases.tokens import FreshAccess, TokenHolder, TokenPair
from merx.contexts.identity.usecases.trail import by_owner
from merx.kernel.actor import Actor, Proof
from merx.kernel.address import email_key
from merx.kernel.ports import Clock
from merx.kernel.rights import AS_HELD


class StepUp(GivenFactor, frozen=True, kw_only=True):
    """Exactly one of `password`, `totp`, `recovery_code` and `passkey`."""

    password: GivenPassword | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class StepUpHandler:
    """An account with a second factor has to show that one.

    The session remembers the proof, so later tokens of it carry it too. A token that no sign-in made (`merx token`)
    gets a fresh one with no more permissions than it has. Raises WrongFactor, ProofTooWeak, OneProof, RateLimited and
    what PresentPassword raises.
    """

    uow: IdentityUowFactory
    queries: IdentityQueries
    factors: FactorQueries
    present_password: PresentPassword
    proof: FactorProof
    tokens: TokenPair
    clock: Clock

    async def __call__(self, actor: Actor, account_id: UUID, cmd: StepUp, caller: Caller) -> FreshAccess:
        cmd.must_be_one(cmd.password)
        profile = await self.queries.profile(account_id)
        if profile is None:
            raise InvalidCredentials
        now, key = self.clock.now(), email_key(profile.email)
        seen, password_hash = None, None
        if cmd.password is not UNSET:
            if (await self.factors.held(account_id)).any:
                raise ProofTooWeak
            password_hash = (await self.present_password(account_id, cmd.password, caller)).password_hash
        else:
            seen = await self.proof.prepare("step-up", account_id, key, cmd, caller, now)
        async with self.uow() as uow:
            account = await own_account(uow, account_id)
            session = await _session(uow, actor, account, now)
            held = await uow.factors.held(account_id)
            if cmd.password is not UNSET:
                method = _by_password(account, password_hash, held)
            else:
                try:
                    method = await self.proof.check(uow, account, cmd, seen, caller, now)
                except WrongFactor:
                    uow.record(by_owner(caller, account, "step-up-refused"))
                    await uow.commit()
                    raise
            holder = TokenHolder(account.id, account.kind, held)
            if session is None:
                proof = Proof(at=int(now.timestamp()), methods=(method.value,))
            else:
                session.prove(method.value, now)
                await uow.sessions.save(session)
                proof = self.tokens.proof(holder, session)
            uow.record(by_owner(caller, account, "stepped-up", method=method.value, session_id=actor.session_id))
            await uow.commit()
        if cmd.password is UNSET:
            await self.proof.succeeded(key, caller, method)
        return self.tokens.access(holder, proof, actor.session_id, _rights(actor))


@dataclass(frozen=True, slots=True)
class AskToStepUpHandler:
    """The challenge for a passkey of the account. Raises NoSecondFactor when it has none."""

    uow: IdentityUowFactory
    passkeys: PasskeyProof
    clock: Clock

    async def __call__(self, account_id: UUID) -> RequestOptions:
        async with self.uow() as uow:
            held = await uow.passkeys.of(account_id)
        if not held:
            raise NoSecondFactor
        return await self.passkeys.options("step-up", account_id, held, self.clock.now())


async def _session(uow: IdentityUow, actor: Actor, account: Account, now: datetime) -> Session | None:
    """None for a token that no sign-in made. Raises SignedOut for a session that is over."""
    if actor.session_id is None:
        return None
    session = await uow.sessions.locked(actor.session_id)
    if session is None or session.account_id != account.id or not session.is_alive(now):
        raise SignedOut
    return session


def _by_password(account: Account, proved: str | None, held: HeldFactors) -> Method:
    # A second factor may have come, or another password, while we hashed.
    if held.any:
        raise ProofTooWeak
    if proved is None or account.password_hash != proved:
        raise WrongPassword
    return Method.password


def _rights(actor: Actor) -> tuple[str, ...]:
    """A token that no sign-in made may name some rights of its account alone: it keeps to them."""
    if actor.session_id is not None:
        return (AS_HELD,)
    named = sorted({grant.permission for grant in actor.rights.grants if not grant.denies})
    return (AS_HELD, *named) if named else ()
