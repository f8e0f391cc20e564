"""The second half of a sign-in."""

from dataclasses import dataclass
from datetime import datetime

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import FactorRefused, InvalidCode, InvalidMfaToken, WrongFactor
from merx.contexts.identity.domain.one_time_code import MAX_ATTEMPTS, CodePurpose, GivenCode, OneTimeCode
from merx.contexts.identity.domain.second_factors import Method
from merx.contexts.identity.events import SecondFactorGuessed
from merx.contexts.identity.ports.repositories import IdentityUow, IdentityUowFactory
from merx.contexts.identity.ports.security import Throttle
from merx.contexts.identity.usecases.factor_proof import FactorProof, GivenFactor
from merx.contexts.identity.usecases.passkey_proof import SeenPasskey
from merx.contexts.identity.usecases.redeem import Redeemer
from merx.contexts.identity.usecases.start_session import SessionStarter
from merx.contexts.identity.usecases.tokens import Tokens
from merx.kernel.ports import Clock

_PURPOSE = CodePurpose.second_factor


class AnswerChallenge(GivenFactor, frozen=True, kw_only=True):
    """`mfa_token` and exactly one of `totp`, `recovery_code` and `passkey`."""

    mfa_token: GivenCode


@dataclass(frozen=True, slots=True)
class AnswerChallengeHandler:
    """Raises InvalidMfaToken, FactorRefused, RateLimited, and OneProof when the answer holds none or two.

    A token is good for one sign-in and MAX_ATTEMPTS wrong answers; with the last of them the owner is told that
    somebody gets through the first half. The session knows both halves.
    """

    uow: IdentityUowFactory
    redeemer: Redeemer
    proof: FactorProof
    throttle: Throttle
    start_session: SessionStarter
    clock: Clock

    async def __call__(self, cmd: AnswerChallenge, caller: Caller) -> Tokens:
        cmd.must_be_one()
        try:
            return await self._answer(cmd, caller)
        except InvalidCode:
            raise InvalidMfaToken from None
        except WrongFactor:
            raise FactorRefused from None

    async def _answer(self, cmd: AnswerChallenge, caller: Caller) -> Tokens:
        code_id, now = self.redeemer.read(_PURPOSE, cmd.mfa_token), self.clock.now()
        async with self.uow() as uow:
            code = await uow.codes.get(code_id)
            if code is None:
                raise InvalidCode
            account = await uow.accounts.get(code.account_id)
            code.check(account, _PURPOSE, now)
        key, seen, fits = account.email_key, None, True
        try:
            seen = await self.proof.prepare("second-factor", account.id, key, cmd, caller, now)
        except WrongFactor:
            fits = False
        tokens = None
        async with self.uow() as uow:
            account, code = await self.redeemer.hold(uow, code_id, _PURPOSE, now)
            method = await self._method(uow, account, cmd, seen, caller, now) if fits else None
            if method is None:
                await self._count(uow, account, code, now)
            elif not await uow.codes.take(code_id, now):
                raise InvalidCode
            else:
                held = await uow.factors.held(account.id)
                tokens = await self.start_session(uow, account, held, (*code.methods, method), caller)
            await uow.commit()
        if tokens is None or method is None:
            if fits:
                await self.proof.refused(account, caller)
            raise WrongFactor
        await self.proof.succeeded(key, caller, method)
        # Now the sign-in is whole; see LoginHandler. One through a provider says nothing about who guesses passwords.
        if Method.password in code.methods:
            await self.throttle.succeeded("login", key, caller.address)
        return tokens

    async def _method(
        self,
        uow: IdentityUow,
        account: Account,
        cmd: AnswerChallenge,
        seen: SeenPasskey | None,
        caller: Caller,
        now: datetime,
    ) -> Method | None:
        try:
            return await self.proof.check(uow, account, cmd, seen, caller, now)
        except WrongFactor:
            return None

    async def _count(self, uow: IdentityUow, account: Account, code: OneTimeCode, now: datetime) -> None:
        await uow.codes.count_attempt(code.id)
        if code.attempts + 1 >= MAX_ATTEMPTS:
            uow.emit(
                SecondFactorGuessed(
                    at=now,
                    account_id=account.id,
                    email=account.email,
                    name=account.name,
                    methods=tuple(method.value for method in code.methods),
                )
            )
