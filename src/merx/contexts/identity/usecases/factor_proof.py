"""A second factor is checked, whichever its owner chose to show."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import UNSET, UnsetType

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import OneProof, WrongFactor
from merx.contexts.identity.domain.recovery_codes import GivenRecoveryCode, recovery_digest
from merx.contexts.identity.domain.second_factors import Method
from merx.contexts.identity.domain.totp import TotpCode
from merx.contexts.identity.events import RecoveryCodeUsed
from merx.contexts.identity.ports.passkeys import PasskeyAssertion
from merx.contexts.identity.ports.repositories import IdentityUow
from merx.contexts.identity.ports.second_factors import Seals, TotpCodes
from merx.contexts.identity.ports.security import Throttle
from merx.contexts.identity.usecases.note_refusal import RefusalNotes
from merx.contexts.identity.usecases.passkey_proof import PasskeyProof, Purpose, SeenPasskey
from merx.contexts.identity.usecases.trail import by_owner
from merx.kernel.errors import RateLimited
from merx.kernel.model import Command

# What the seal of an authenticator app is for.
TOTP_SEAL = "totp-secret"
THROTTLED_AS = "second-factor"
REFUSED = "identity.second-factor-refused"
THROTTLED = "identity.second-factor-throttled"


class GivenFactor(Command, frozen=True):
    """One of the three."""

    totp: TotpCode | UnsetType = UNSET
    recovery_code: GivenRecoveryCode | UnsetType = UNSET
    passkey: PasskeyAssertion | UnsetType = UNSET

    def must_be_one(self, *others: object) -> None:
        """Raises OneProof unless exactly one of the three and the others is given."""
        given = [each for each in (self.totp, self.recovery_code, self.passkey, *others) if each is not UNSET]
        if len(given) != 1:
            raise OneProof


@dataclass(frozen=True, slots=True)
class FactorProof:
    """`prepare` comes first, with no transaction open; `check` decides under the account's lock; `succeeded` is last.

    Codes can be guessed, so attempts are counted like those of passwords; a signature cannot.
    """

    passkeys: PasskeyProof
    totp_codes: TotpCodes
    seals: Seals
    throttle: Throttle
    refusals: RefusalNotes

    async def prepare(
        self, purpose: Purpose, account_id: UUID, email_key: str, given: GivenFactor, caller: Caller, now: datetime
    ) -> SeenPasskey | None:
        """Raises RateLimited, and WrongFactor for a passkey that does not fit."""
        if given.passkey is not UNSET:
            try:
                return await self.passkeys.see(purpose, account_id, given.passkey, now)
            except WrongFactor:
                await self.refusals.account(caller.anonymous(), REFUSED, account_id)
                raise
        try:
            await self.throttle.begin(THROTTLED_AS, email_key, caller.address)
        except RateLimited:
            await self.refusals.account(caller.anonymous(), THROTTLED, account_id)
            raise
        return None

    async def check(
        self,
        uow: IdentityUow,
        account: Account,
        given: GivenFactor,
        seen: SeenPasskey | None,
        caller: Caller,
        now: datetime,
    ) -> Method:
        """Raises WrongFactor; commit then too, for what `uow` holds tells why."""
        if seen is not None:
            await self.passkeys.accept(uow, account, seen, caller, now)
            return Method.passkey
        if given.totp is not UNSET:
            await self._use_totp(uow, account, given.totp, now)
            return Method.totp
        if given.recovery_code is not UNSET:
            await self._use_recovery_code(uow, account, given.recovery_code, caller, now)
            return Method.recovery_code
        raise WrongFactor

    async def refused(self, account: Account, caller: Caller) -> None:
        """After the transaction: the trail tells of it, within its budget."""
        await self.refusals.account(caller.anonymous(), REFUSED, account.id)

    async def succeeded(self, email_key: str, caller: Caller, method: Method) -> None:
        if method is not Method.passkey:
            await self.throttle.succeeded(THROTTLED_AS, email_key, caller.address)

    async def _use_totp(self, uow: IdentityUow, account: Account, code: str, now: datetime) -> None:
        totp = await uow.factors.totp(account.id)
        if totp is None or totp.confirmed_at is None:
            raise WrongFactor
        secret = self.seals.open(TOTP_SEAL, account.id, totp.sealed_secret)
        step = self.totp_codes.step(secret, code, now)
        # Whoever watched the code being typed has seconds to use it too (RFC 6238 §5.2).
        if step is None or not await uow.factors.use_step(account.id, step):
            raise WrongFactor
        if self.seals.outdated(totp.sealed_secret):
            totp.sealed_secret, totp.last_step = self.seals.seal(TOTP_SEAL, account.id, secret), step
            await uow.factors.put_totp(totp)

    async def _use_recovery_code(
        self, uow: IdentityUow, account: Account, code: str, caller: Caller, now: datetime
    ) -> None:
        held = await uow.factors.held(account.id)
        if not held.any or not await uow.factors.use_recovery_code(account.id, recovery_digest(account.id, code), now):
            raise WrongFactor
        uow.emit(
            RecoveryCodeUsed(
                at=now, account_id=account.id, email=account.email, name=account.name, left=held.recovery_codes - 1
            )
        )
        uow.record(by_owner(caller, account, "recovery-code-used", left=held.recovery_codes - 1))
