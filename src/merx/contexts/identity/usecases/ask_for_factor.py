"""The first half of a sign-in was right, and the account has a second factor: its owner is asked for that."""

from dataclasses import dataclass

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.one_time_code import LIVES, CodePurpose, OneTimeCode
from merx.contexts.identity.domain.second_factors import ChallengeMethod, HeldFactors, Method
from merx.contexts.identity.ports.passkeys import RequestOptions
from merx.contexts.identity.ports.repositories import IdentityUow
from merx.contexts.identity.ports.security import CodeWriter
from merx.contexts.identity.usecases.passkey_proof import PasskeyProof
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.model import View
from merx.kernel.ports import Clock


class MfaChallenge(View, frozen=True):
    """Answer it at `/auth/mfa/challenge` within `expires_in` seconds, with one of `methods`.

    `passkey` is for `navigator.credentials.get()`; null when the account has none.
    """

    mfa_token: str
    methods: tuple[ChallengeMethod, ...]
    expires_in: int
    passkey: RequestOptions | None = None

    def __repr__(self) -> str:
        return "MfaChallenge(***)"


@dataclass(frozen=True, slots=True)
class FactorAsker:
    """`methods` are what was shown already.

    The token is bound to the account as it is now: a new password makes it void.
    """

    codes: CodeWriter
    passkeys: PasskeyProof
    clock: Clock

    async def __call__(
        self, uow: IdentityUow, account: Account, held: HeldFactors, methods: tuple[Method, ...], caller: Caller
    ) -> MfaChallenge:
        now, purpose = self.clock.now(), CodePurpose.second_factor
        code = OneTimeCode.issue(account, purpose, now, methods=methods)
        await uow.codes.add(code)
        # The first half is right; that is all that is known of whoever showed it.
        uow.record(
            AuditEntry(
                actor=caller.anonymous(),
                action="identity.second-factor-asked",
                target="account",
                target_id=account.id,
                changes=facts(methods=[method.value for method in methods]),
            )
        )
        options = None
        if held.passkeys:
            options = await self.passkeys.options("second-factor", account.id, await uow.passkeys.of(account.id), now)
        return MfaChallenge(
            self.codes.text(purpose, code.id),
            held.methods,
            int(LIVES[purpose].total_seconds()),
            options,
        )
