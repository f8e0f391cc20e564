"""Proving an e-mail, and choosing a new password with a code from the mailbox.

Routes that take a password keep no answers for `Idempotency-Key`: the digest of their body would be one of a password.
"""

from litestar import Controller, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

from merx.contexts.identity.adapters.http import caller_of
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.usecases.ask_for_code import AskForCode, AskForCodeHandler
from merx.contexts.identity.usecases.reset_password import ResetPassword, ResetPasswordHandler
from merx.contexts.identity.usecases.verify_email import VerifyEmail, VerifyEmailHandler
from merx.infra.http.auth import public
from merx.infra.http.once import once
from merx.infra.http.route_classes import RouteClass, limited
from merx.kernel.model import View


class Accepted(View, frozen=True):
    """The same whoever the e-mail belongs to, and when it belongs to nobody."""

    status: str = "accepted"


class CodesController(Controller):
    path = "/auth"
    opt = limited(RouteClass.login)
    tags = ["auth"]
    dependencies = {"caller": Provide(caller_of)}

    @post(
        "/verify-email",
        guards=[public],
        status_code=204,
        operation_id="VerifyEmail",
        summary="Prove an e-mail with the code that was sent there",
        **once(),
    )
    async def verify(
        self,
        data: JSONBody[VerifyEmail],
        caller: NamedDependency[Caller],
        verify_email: NamedDependency[VerifyEmailHandler],
    ) -> None:
        await verify_email(data, caller)

    @post(
        "/verify-email/resend",
        guards=[public],
        status_code=202,
        operation_id="ResendVerification",
        summary="Send another code to an e-mail that is not verified",
        **once(),
    )
    async def resend(
        self,
        data: JSONBody[AskForCode],
        caller: NamedDependency[Caller],
        ask_for_code: NamedDependency[AskForCodeHandler],
    ) -> Accepted:
        await ask_for_code("verify-email", data, caller)
        return Accepted()

    @post(
        "/password/forgot",
        guards=[public],
        status_code=202,
        operation_id="ForgotPassword",
        summary="Send a code that allows to choose a new password",
        **once(),
    )
    async def forgot(
        self,
        data: JSONBody[AskForCode],
        caller: NamedDependency[Caller],
        ask_for_code: NamedDependency[AskForCodeHandler],
    ) -> Accepted:
        await ask_for_code("reset-password", data, caller)
        return Accepted()

    @post(
        "/password/reset",
        guards=[public],
        status_code=204,
        operation_id="ResetPassword",
        summary="Choose a new password with a code; every device is signed out",
    )
    async def reset(
        self,
        data: JSONBody[ResetPassword],
        caller: NamedDependency[Caller],
        reset_password: NamedDependency[ResetPasswordHandler],
    ) -> None:
        await reset_password(data, caller)
