"""Second factors over HTTP: authenticator app, recovery codes, and the second half of a sign-in.

Without `once`: what is answered is secret and stored nowhere, and codes are good for one use anyway.
"""

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

from merx.contexts.identity.adapters.http import caller_of
from merx.contexts.identity.adapters.http_sessions import owner_of
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.ports.passkeys import RequestOptions
from merx.contexts.identity.ports.second_factors import FactorQueries
from merx.contexts.identity.usecases.answer_challenge import AnswerChallenge, AnswerChallengeHandler
from merx.contexts.identity.usecases.recovery_codes import RecoveryCodesHandler
from merx.contexts.identity.usecases.step_up import AskToStepUpHandler, StepUp, StepUpHandler
from merx.contexts.identity.usecases.tokens import FreshAccess, Tokens
from merx.contexts.identity.usecases.totp import ConfirmTotp, NewTotp, TotpHandler
from merx.infra.http.auth import alive, even_limited, fresh, public, signed_in
from merx.infra.http.route_classes import RouteClass, limited
from merx.kernel.actor import Actor
from merx.kernel.model import View

_OWN = even_limited(signed_in)
_OWN_FRESH = fresh(_OWN)


class FactorsView(View, frozen=True):
    """`recovery_codes_left` counts those that were not used. `second_factor`: signing in takes one."""

    second_factor: bool
    totp: bool
    passkeys: int
    recovery_codes_left: int


class RecoveryCodes(View, frozen=True):
    """Shown now and never again; null when the account has codes that are good still."""

    recovery_codes: tuple[str, ...] | None

    def __repr__(self) -> str:
        return "RecoveryCodes(***)"


class SecondFactorController(Controller):
    path = "/auth"
    tags = ["auth"]
    dependencies = {"caller": Provide(caller_of)}

    @get("/mfa", guards=[_OWN], operation_id="GetSecondFactors", summary="The second factors of the account")
    async def factors(
        self, actor: NamedDependency[Actor], factor_queries: NamedDependency[FactorQueries]
    ) -> FactorsView:
        held = await factor_queries.held(owner_of(actor))
        return FactorsView(held.any, held.totp, held.passkeys, held.recovery_codes)

    @post(
        "/mfa/challenge",
        guards=[public],
        status_code=200,
        operation_id="AnswerMfaChallenge",
        summary="The second half of a sign-in",
        **limited(RouteClass.login),
    )
    async def challenge(
        self,
        data: JSONBody[AnswerChallenge],
        caller: NamedDependency[Caller],
        answer_challenge: NamedDependency[AnswerChallengeHandler],
    ) -> Tokens:
        return await answer_challenge(data, caller)

    @post(
        "/mfa/totp",
        guards=[_OWN_FRESH],
        status_code=200,
        operation_id="EnrolTotp",
        summary="A secret for an authenticator app, until its first code confirms it",
    )
    async def enrol(
        self,
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        look_after_totp: NamedDependency[TotpHandler],
    ) -> NewTotp:
        return await look_after_totp.enrol(owner_of(actor), caller)

    @post(
        "/mfa/totp/confirm",
        guards=[alive(_OWN)],
        status_code=200,
        operation_id="ConfirmTotp",
        summary="Confirm the authenticator app with its first code",
        **limited(RouteClass.login),
    )
    async def confirm(
        self,
        data: JSONBody[ConfirmTotp],
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        look_after_totp: NamedDependency[TotpHandler],
    ) -> RecoveryCodes:
        return RecoveryCodes(await look_after_totp.confirm(owner_of(actor), actor.session_id, data, caller))

    @delete("/mfa/totp", guards=[fresh(signed_in)], operation_id="RemoveTotp", summary="Remove the authenticator app")
    async def remove(
        self,
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        look_after_totp: NamedDependency[TotpHandler],
    ) -> None:
        await look_after_totp.remove(owner_of(actor), caller)

    @post(
        "/mfa/recovery-codes",
        guards=[fresh(signed_in)],
        status_code=200,
        operation_id="MakeRecoveryCodes",
        summary="New recovery codes in place of the old ones",
    )
    async def recovery_codes(
        self,
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        make_recovery_codes: NamedDependency[RecoveryCodesHandler],
    ) -> RecoveryCodes:
        return RecoveryCodes(await make_recovery_codes(owner_of(actor), caller))

    @post(
        "/step-up",
        guards=[alive(_OWN)],
        status_code=200,
        operation_id="StepUp",
        summary="Prove once more who you are",
        **limited(RouteClass.login),
    )
    async def step_up(
        self,
        data: JSONBody[StepUp],
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        step_up: NamedDependency[StepUpHandler],
    ) -> FreshAccess:
        return await step_up(actor, owner_of(actor), data, caller)

    @post(
        "/step-up/options",
        guards=[alive(_OWN)],
        status_code=200,
        operation_id="AskToStepUp",
        summary="A challenge for a passkey of the account",
        **limited(RouteClass.login),
    )
    async def step_up_options(
        self, actor: NamedDependency[Actor], ask_to_step_up: NamedDependency[AskToStepUpHandler]
    ) -> RequestOptions:
        return await ask_to_step_up(owner_of(actor))
