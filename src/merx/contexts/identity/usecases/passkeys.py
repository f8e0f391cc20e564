"""Passkeys of an account: registered, renamed, removed; and signing in with one."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import (
    FactorRefused,
    PasskeyNotFound,
    TooManyPasskeys,
    WrongFactor,
)
from merx.contexts.identity.domain.passkey import MAX_PASSKEYS, Passkey
from merx.contexts.identity.domain.second_factors import HeldFactors, Method
from merx.contexts.identity.events import FactorAdded, FactorRemoved
from merx.contexts.identity.ports.passkeys import (
    Ceremonies,
    Challenges,
    CreationOptions,
    PasskeyAssertion,
    PasskeyAttestation,
    RequestOptions,
)
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.ports.second_factors import PasskeyView
from merx.contexts.identity.usecases.note_refusal import RefusalNotes
from merx.contexts.identity.usecases.own_account import own_account, proved_account
from merx.contexts.identity.usecases.passkey_proof import PasskeyProof
from merx.contexts.identity.usecases.recovery_codes import first_codes
from merx.contexts.identity.usecases.start_session import SessionStarter
from merx.contexts.identity.usecases.tokens import Tokens
from merx.contexts.identity.usecases.totp import raise_session, settle_removal
from merx.contexts.identity.usecases.trail import by_owner
from merx.contexts.identity.usecases.ways_in import WaysIn
from merx.kernel.model import Command
from merx.kernel.ports import Clock
from merx.kernel.text import Name

_REGISTER = "register"


class RegisterPasskey(Command, frozen=True):
    """`name` is for the owner: `work laptop`."""

    name: Name
    credential: PasskeyAttestation


class RenamePasskey(Command, frozen=True):
    name: Name


class PasskeyLogin(Command, frozen=True):
    credential: PasskeyAssertion


@dataclass(frozen=True, slots=True)
class PasskeysHandler:
    """`staff_must`: staff cannot remove its last factor."""

    uow: IdentityUowFactory
    ceremonies: Ceremonies
    challenges: Challenges
    ways_in: WaysIn
    staff_must: bool
    clock: Clock

    async def options(self, account_id: UUID) -> CreationOptions:
        async with self.uow() as uow:
            account = await proved_account(uow, account_id)
            held = await uow.passkeys.of(account_id)
        challenge = self.challenges.issue(_REGISTER, account_id, self.clock.now())
        return await self.ceremonies.creation_options(challenge, account_id, account.email, account.name, held)

    async def register(
        self, account_id: UUID, session_id: UUID | None, cmd: RegisterPasskey, caller: Caller
    ) -> tuple[PasskeyView, tuple[str, ...] | None]:
        """The passkey, and the recovery codes when the account had none.

        Raises WrongFactor, VerifyEmailFirst, PasskeyHeldAlready and TooManyPasskeys.
        """
        now = self.clock.now()
        answered = self.ceremonies.challenge_in(cmd.credential.response.client_data_json)
        challenge = self.challenges.read(_REGISTER, account_id, answered, now)
        made = await self.ceremonies.verify_creation(cmd.credential, answered)
        passkey = Passkey.register(
            account_id=account_id,
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            name=cmd.name,
            aaguid=made.aaguid,
            transports=cmd.credential.response.transports,
            backed_up=made.backed_up,
            now=now,
        )
        async with self.uow() as uow:
            account = await proved_account(uow, account_id)
            if not await uow.challenges.spend(challenge.id, challenge.expires_at):
                raise WrongFactor
            if (await uow.factors.held(account_id)).passkeys >= MAX_PASSKEYS:
                raise TooManyPasskeys
            await uow.passkeys.add(passkey)
            uow.emit(
                FactorAdded(
                    at=now,
                    account_id=account.id,
                    email=account.email,
                    name=account.name,
                    factor="passkey",
                    label=passkey.name,
                )
            )
            uow.record(by_owner(caller, account, "passkey-added", passkey_id=passkey.id))
            codes = await first_codes(uow, account_id)
            await raise_session(uow, account_id, session_id, Method.passkey, self.clock)
            await uow.commit()
        return PasskeyView(passkey.id, passkey.name, passkey.backed_up, passkey.created_at, None), codes

    async def rename(self, account_id: UUID, passkey_id: UUID, cmd: RenamePasskey, caller: Caller) -> None:
        """Raises PasskeyNotFound."""
        async with self.uow() as uow:
            account = await own_account(uow, account_id)
            if not await uow.passkeys.rename(account_id, passkey_id, cmd.name):
                raise PasskeyNotFound
            uow.record(by_owner(caller, account, "passkey-renamed", passkey_id=passkey_id))
            await uow.commit()

    async def remove(self, account_id: UUID, passkey_id: UUID, caller: Caller) -> None:
        """Raises PasskeyNotFound, LastFactor and LastWayIn."""
        async with self.uow() as uow:
            account = await own_account(uow, account_id)
            held = await uow.factors.held(account_id)
            passkey = await uow.passkeys.remove(account_id, passkey_id)
            if passkey is None:
                raise PasskeyNotFound
            left = HeldFactors(totp=held.totp, passkeys=held.passkeys - 1)
            await settle_removal(uow, account, left, staff_must=self.staff_must)
            await self.ways_in.must_remain(uow, account, without=passkey_id)
            uow.record(by_owner(caller, account, "passkey-removed", passkey_id=passkey.id))
            uow.emit(
                FactorRemoved(
                    at=self.clock.now(),
                    account_id=account.id,
                    email=account.email,
                    name=account.name,
                    factor="passkey",
                    label=passkey.name,
                )
            )
            await uow.commit()


@dataclass(frozen=True, slots=True)
class PasskeyLoginHandler:
    """Without e-mail and password: the device says who comes, and has verified her. Raises FactorRefused."""

    uow: IdentityUowFactory
    proof: PasskeyProof
    start_session: SessionStarter
    refusals: RefusalNotes
    clock: Clock

    async def options(self) -> RequestOptions:
        return await self.proof.options("sign-in", None, (), self.clock.now())

    async def __call__(self, cmd: PasskeyLogin, caller: Caller) -> Tokens:
        try:
            return await self._sign_in(cmd, caller)
        except WrongFactor:
            await self.refusals.passkey(caller.anonymous(), cmd.credential.raw_id)
            raise FactorRefused from None

    async def _sign_in(self, cmd: PasskeyLogin, caller: Caller) -> Tokens:
        now = self.clock.now()
        seen = await self.proof.see("sign-in", None, cmd.credential, now)
        async with self.uow() as uow:
            account = await uow.accounts.locked(seen.passkey.account_id)
            try:
                await self.proof.accept(uow, account, seen, caller, now)
            except WrongFactor:
                await uow.commit()
                raise
            held = await uow.factors.held(account.id)
            tokens = await self.start_session(uow, account, held, (Method.passkey,), caller)
            await uow.commit()
        return tokens
