"""An authenticator app: enrolled, confirmed with its first code, removed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from merx.contexts.identity.domain.account import Account, AccountKind
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import LastFactor, NoTotp, TotpHeldAlready, WrongFactor
from merx.contexts.identity.domain.second_factors import HeldFactors, Method
from merx.contexts.identity.domain.totp import Totp, TotpCode
from merx.contexts.identity.events import FactorAdded, FactorRemoved
from merx.contexts.identity.ports.repositories import IdentityUow, IdentityUowFactory
from merx.contexts.identity.ports.second_factors import Seals, TotpCodes
from merx.contexts.identity.ports.security import Throttle
from merx.contexts.identity.usecases.factor_proof import REFUSED, THROTTLED, THROTTLED_AS, TOTP_SEAL
from merx.contexts.identity.usecases.note_refusal import RefusalNotes
from merx.contexts.identity.usecases.own_account import own_account, proved_account
from merx.contexts.identity.usecases.recovery_codes import first_codes
from merx.contexts.identity.usecases.trail import by_owner
from merx.kernel.errors import RateLimited
from merx.kernel.model import Command, View
from merx.kernel.ports import Clock


class NewTotp(View, frozen=True):
    """Shown now and never again: for the app, as an address and as a picture of it, and for typing."""

    secret: str
    uri: str
    qr_svg: str

    def __repr__(self) -> str:
        return "NewTotp(***)"


class ConfirmTotp(Command, frozen=True):
    code: TotpCode


@dataclass(frozen=True, slots=True)
class TotpHandler:
    """`staff_must`: staff cannot remove its last factor."""

    uow: IdentityUowFactory
    codes: TotpCodes
    seals: Seals
    throttle: Throttle
    refusals: RefusalNotes
    staff_must: bool
    clock: Clock

    async def enrol(self, account_id: UUID, caller: Caller) -> NewTotp:
        """In place of one that was not confirmed. Raises VerifyEmailFirst and TotpHeldAlready."""
        secret = self.codes.new_secret()
        async with self.uow() as uow:
            account = await proved_account(uow, account_id)
            if (await uow.factors.held(account_id)).totp:
                raise TotpHeldAlready
            sealed = self.seals.seal(TOTP_SEAL, account_id, secret)
            await uow.factors.put_totp(Totp.enrol(account_id, sealed, self.clock.now()))
            uow.record(by_owner(caller, account, "totp-enrolled"))
            await uow.commit()
        return NewTotp(*self.codes.shown(secret, account.email))

    async def confirm(
        self, account_id: UUID, session_id: UUID | None, cmd: ConfirmTotp, caller: Caller
    ) -> tuple[str, ...] | None:
        """The recovery codes, None when the account has some already. Raises NoTotp, WrongFactor, RateLimited.

        The code proves who is there, as one at a sign-in does: the session is one with a second factor from now on.
        """
        now = self.clock.now()
        async with self.uow() as uow:
            owner = await own_account(uow, account_id)
        key = owner.email_key
        try:
            await self.throttle.begin(THROTTLED_AS, key, caller.address)
        except RateLimited:
            await self.refusals.account(caller.speaking_for(owner), THROTTLED, account_id)
            raise
        try:
            codes = await self._confirm(account_id, session_id, cmd, caller, now)
        except WrongFactor:
            await self.refusals.account(caller.speaking_for(owner), REFUSED, account_id)
            raise
        await self.throttle.succeeded(THROTTLED_AS, key, caller.address)
        return codes

    async def _confirm(
        self, account_id: UUID, session_id: UUID | None, cmd: ConfirmTotp, caller: Caller, now: datetime
    ) -> tuple[str, ...] | None:
        async with self.uow() as uow:
            account = await own_account(uow, account_id)
            totp = await uow.factors.totp(account_id)
            if totp is None or not totp.can_be_confirmed(now):
                raise NoTotp
            step = self.codes.step(self.seals.open(TOTP_SEAL, account_id, totp.sealed_secret), cmd.code, now)
            if step is None:
                raise WrongFactor
            totp.confirmed_at, totp.last_step = now, step
            await uow.factors.put_totp(totp)
            uow.emit(FactorAdded(at=now, account_id=account.id, email=account.email, name=account.name, factor="totp"))
            uow.record(by_owner(caller, account, "totp-confirmed"))
            codes = await first_codes(uow, account_id)
            await raise_session(uow, account_id, session_id, Method.totp, self.clock)
            await uow.commit()
        return codes

    async def remove(self, account_id: UUID, caller: Caller) -> None:
        """Raises NoTotp and LastFactor."""
        now = self.clock.now()
        async with self.uow() as uow:
            account = await own_account(uow, account_id)
            held = await uow.factors.held(account_id)
            if not await uow.factors.remove_totp(account_id):
                raise NoTotp
            left = HeldFactors(passkeys=held.passkeys)
            await settle_removal(uow, account, left, staff_must=self.staff_must)
            uow.record(by_owner(caller, account, "totp-removed"))
            uow.emit(
                FactorRemoved(at=now, account_id=account.id, email=account.email, name=account.name, factor="totp")
            )
            await uow.commit()


async def raise_session(
    uow: IdentityUow, account_id: UUID, session_id: UUID | None, method: Method, clock: Clock
) -> None:
    """The session of somebody who has just shown a new factor."""
    session = await uow.sessions.locked(session_id) if session_id is not None else None
    if session is not None and session.account_id == account_id and session.is_alive(clock.now()):
        session.prove(method.value, clock.now())
        await uow.sessions.save(session)


async def settle_removal(uow: IdentityUow, account: Account, left: HeldFactors, *, staff_must: bool) -> None:
    """What follows when a factor goes. Raises LastFactor."""
    if left.any:
        return
    if staff_must and account.kind is AccountKind.staff:
        raise LastFactor
    # They stand in for a factor; without one they would open nothing.
    await uow.factors.put_recovery_codes(account.id, ())
