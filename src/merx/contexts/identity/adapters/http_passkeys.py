"""Passkeys over HTTP. Without `once`: a challenge is good for one use."""

from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from merx.contexts.identity.adapters.http import caller_of
from merx.contexts.identity.adapters.http_sessions import owner_of
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.ports.passkeys import CreationOptions, RequestOptions
from merx.contexts.identity.ports.second_factors import FactorQueries, PasskeyView
from merx.contexts.identity.usecases.passkeys import (
    PasskeyLogin,
    PasskeyLoginHandler,
    PasskeysHandler,
    RegisterPasskey,
    RenamePasskey,
)
from merx.contexts.identity.usecases.tokens import Tokens
from merx.infra.http.auth import alive, even_limited, fresh, public, signed_in
from merx.infra.http.route_classes import RouteClass, limited
from merx.kernel.actor import Actor
from merx.kernel.model import View

_OWN = even_limited(signed_in)


class NewPasskey(View, frozen=True):
    """`recovery_codes` are shown now and never again; null when the account has codes that are good still."""

    passkey: PasskeyView
    recovery_codes: tuple[str, ...] | None

    def __repr__(self) -> str:
        return "NewPasskey(***)"


class PasskeyController(Controller):
    path = "/auth/passkeys"
    tags = ["auth"]
    dependencies = {"caller": Provide(caller_of)}

    @post(
        "/options",
        guards=[public],
        status_code=200,
        operation_id="AskForPasskey",
        summary="A challenge to sign in with a passkey",
        **limited(RouteClass.login),
    )
    async def options(self, passkey_login: NamedDependency[PasskeyLoginHandler]) -> RequestOptions:
        return await passkey_login.options()

    @post(
        "/login",
        guards=[public],
        status_code=200,
        operation_id="LoginWithPasskey",
        summary="Sign in with a passkey, without e-mail and password",
        **limited(RouteClass.login),
    )
    async def login(
        self,
        data: JSONBody[PasskeyLogin],
        caller: NamedDependency[Caller],
        passkey_login: NamedDependency[PasskeyLoginHandler],
    ) -> Tokens:
        return await passkey_login(data, caller)

    @get("/", guards=[_OWN], operation_id="ListPasskeys", summary="The passkeys of the account, the oldest first")
    async def passkeys(
        self, actor: NamedDependency[Actor], factor_queries: NamedDependency[FactorQueries]
    ) -> list[PasskeyView]:
        return await factor_queries.passkeys(owner_of(actor))

    @post(
        "/registration",
        guards=[fresh(_OWN)],
        status_code=200,
        operation_id="AskForNewPasskey",
        summary="A challenge to register a passkey",
    )
    async def registration(
        self, actor: NamedDependency[Actor], look_after_passkeys: NamedDependency[PasskeysHandler]
    ) -> CreationOptions:
        return await look_after_passkeys.options(owner_of(actor))

    @post(
        "/", guards=[alive(_OWN)], operation_id="RegisterPasskey", summary="Register the passkey that the device made"
    )
    async def register(
        self,
        data: JSONBody[RegisterPasskey],
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        look_after_passkeys: NamedDependency[PasskeysHandler],
    ) -> NewPasskey:
        return NewPasskey(*await look_after_passkeys.register(owner_of(actor), actor.session_id, data, caller))

    @patch(
        "/{passkey_id:uuid}",
        guards=[alive(signed_in)],
        status_code=204,
        operation_id="RenamePasskey",
        summary="Give a passkey another name",
    )
    async def rename(
        self,
        passkey_id: FromPath[UUID],
        data: JSONBody[RenamePasskey],
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        look_after_passkeys: NamedDependency[PasskeysHandler],
    ) -> None:
        await look_after_passkeys.rename(owner_of(actor), passkey_id, data, caller)

    @delete("/{passkey_id:uuid}", guards=[fresh(signed_in)], operation_id="RemovePasskey", summary="Remove a passkey")
    async def remove(
        self,
        passkey_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        caller: NamedDependency[Caller],
        look_after_passkeys: NamedDependency[PasskeysHandler],
    ) -> None:
        await look_after_passkeys.remove(owner_of(actor), passkey_id, caller)
