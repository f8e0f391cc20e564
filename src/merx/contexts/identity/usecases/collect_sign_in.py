"""The browser that went to a provider and came back gets its tokens, or the question for a second factor."""

from dataclasses import dataclass

from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import InvalidCode
from merx.contexts.identity.domain.one_time_code import GivenCode
from merx.contexts.identity.domain.provider_sign_in import Purpose, Verifier
from merx.contexts.identity.domain.second_factors import Method
from merx.contexts.identity.ports.providers import OutcomeCodes
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.usecases.ask_for_factor import FactorAsker, MfaChallenge
from merx.contexts.identity.usecases.finish_provider_sign_in import OUTCOMES
from merx.contexts.identity.usecases.start_session import SessionStarter
from merx.contexts.identity.usecases.tokens import Tokens
from merx.kernel.model import Command
from merx.kernel.ports import Clock


class CollectSignIn(Command, frozen=True):
    """`verifier` belongs to the `challenge` that the sign-in began with; without one the browser's cookie is asked."""

    code: GivenCode
    verifier: Verifier | None = None


@dataclass(frozen=True, slots=True)
class CollectSignInHandler:
    """Raises InvalidCode for every reason alike: forged, used, too late, of another browser, overtaken by a new
    password, a new e-mail or an identity that was unlinked since.
    """

    uow: IdentityUowFactory
    codes: OutcomeCodes
    start_session: SessionStarter
    ask_for_factor: FactorAsker
    clock: Clock

    async def __call__(self, cmd: CollectSignIn, browser: str | None, caller: Caller) -> Tokens | MfaChallenge:
        code_id = self.codes.read(OUTCOMES[Purpose.sign_in], cmd.code)
        if code_id is None:
            raise InvalidCode
        now = self.clock.now()
        async with self.uow() as uow:
            sign_in = await uow.provider_sign_ins.locked(code_id)
            if sign_in is None or sign_in.issuer is None or sign_in.subject is None:
                raise InvalidCode
            account_id = sign_in.collect(Purpose.sign_in, cmd.verifier or browser, now)
            account = await uow.accounts.locked(account_id)
            linked = await uow.linked_identities.by_subject(sign_in.issuer, sign_in.subject)
            if (
                not account.is_active
                or account.credentials_version != sign_in.credentials_version
                or linked is None
                or linked.account_id != account.id
            ):
                raise InvalidCode
            await uow.provider_sign_ins.save(sign_in)
            held = await uow.factors.held(account.id)
            answer: Tokens | MfaChallenge
            if held.any and not sign_in.multi_factor:
                answer = await self.ask_for_factor(uow, account, held, (Method.oidc,), caller)
            else:
                methods = (Method.oidc, Method.oidc_mfa) if sign_in.multi_factor else (Method.oidc,)
                answer = await self.start_session(uow, account, held, methods, caller)
            await uow.commit()
        return answer
