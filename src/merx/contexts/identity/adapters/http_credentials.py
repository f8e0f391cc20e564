"""Another password, another e-mail. Keys of idempotency: see `http_codes`."""

from litestar import Controller, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

from merx.contexts.identity.adapters.http import caller_of
from merx.contexts.identity.adapters.http_codes import Accepted
from merx.contexts.identity.adapters.http_sessions import owner_of
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.usecases.change_email import (
    ChangeEmail,
    ChangeEmailHandler,
    ConfirmEmail,
    ConfirmEmailHandler,
)
from merx.contexts.identity.usecases.change_password import ChangePassword, ChangePasswordHandler
from merx.contexts.identity.usecases.second_factor_first import SecondFactorFirst
from merx.infra.http.auth import alive, signed_in
from merx.infra.http.once import once
from merx.kernel.actor import Actor


class CredentialsController(Controller):
    path = "/auth"
    tags = ["auth"]
    dependencies = {"caller": Provide(caller_of)}

    @post(
        "/password/change",
        guards=[alive(signed_in)],
        status_code=204,
        operation_id="ChangePassword",
        summary="Choose another password; every other device is signed out",
    )
    async def change_password(
        self,
        data: JSONBody[ChangePassword],
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        second_factor_first: NamedDependency[SecondFactorFirst],
        change_password: NamedDependency[ChangePasswordHandler],
    ) -> None:
        await second_factor_first(actor, owner_of(actor))
        await change_password(owner_of(actor), actor.session_id, data, caller)

    @post(
        "/email/change",
        guards=[alive(signed_in)],
        status_code=202,
        operation_id="ChangeEmail",
        summary="Send a code to another e-mail that shall be the account's",
    )
    async def change_email(
        self,
        data: JSONBody[ChangeEmail],
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        second_factor_first: NamedDependency[SecondFactorFirst],
        change_email: NamedDependency[ChangeEmailHandler],
    ) -> Accepted:
        await second_factor_first(actor, owner_of(actor))
        await change_email(owner_of(actor), data, caller)
        return Accepted()

    @post(
        "/email/confirm",
        guards=[alive(signed_in)],
        status_code=204,
        operation_id="ConfirmEmail",
        summary="Prove the new e-mail with the code that was sent there",
        **once(),
    )
    async def confirm_email(
        self,
        data: JSONBody[ConfirmEmail],
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        confirm_email: NamedDependency[ConfirmEmailHandler],
    ) -> None:
        await confirm_email(owner_of(actor), data, caller)
