"""Being forgotten: what a customer does in two steps, and staff on a written request."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from merx.contexts.privacy.ports.queries import ErasureView, PrivacyQueries
from merx.contexts.privacy.usecases.ask_erasure import (
    AskErasureHandler,
    CancelErasureHandler,
    ConfirmErasure,
    ConfirmErasureHandler,
    EraseMe,
    ErasePerson,
    ErasePersonHandler,
)
from merx.contexts.privacy.usecases.exports import the_person
from merx.infra.http.answers import may_answer
from merx.infra.http.auth import alive, customer, staff
from merx.infra.http.once import once
from merx.kernel.actor import Actor


class MyErasureController(Controller):
    path = "/users/me/erase"
    tags = ("users",)

    # It takes a password, so it keeps no answers: see `http_codes` of identity.
    @post("/", guards=[alive(customer)], status_code=202, operation_id="AskForErasure", summary="Ask to be forgotten")
    async def ask(
        self,
        data: JSONBody[EraseMe],
        actor: NamedDependency[Actor],
        ask_erasure: NamedDependency[AskErasureHandler],
        privacy_queries: NamedDependency[PrivacyQueries],
    ) -> ErasureView:
        """A code comes by mail; nothing happens before it is confirmed."""
        await ask_erasure(actor, data)
        return await privacy_queries.erasure(the_person(actor))

    @post(
        "/confirm",
        guards=[alive(customer)],
        status_code=202,
        operation_id="ConfirmErasure",
        summary="Confirm it with the code from the mail; the waiting time begins",
        **once(),
    )
    async def confirm(
        self,
        data: JSONBody[ConfirmErasure],
        actor: NamedDependency[Actor],
        confirm_erasure: NamedDependency[ConfirmErasureHandler],
        privacy_queries: NamedDependency[PrivacyQueries],
    ) -> ErasureView:
        await confirm_erasure(actor, data)
        return await privacy_queries.erasure(the_person(actor))

    @get("/", guards=[customer], operation_id="GetMyErasure", summary="How far it is", **may_answer(404))
    async def read(
        self, actor: NamedDependency[Actor], privacy_queries: NamedDependency[PrivacyQueries]
    ) -> ErasureView:
        return await privacy_queries.erasure(the_person(actor))

    @delete("/", guards=[alive(customer)], operation_id="CancelMyErasure", summary="Call it off", **may_answer(404))
    async def cancel(
        self, actor: NamedDependency[Actor], cancel_erasure: NamedDependency[CancelErasureHandler]
    ) -> None:
        await cancel_erasure(actor, the_person(actor))


_ERASE = staff("users:erase")
# It cannot be undone; calling it off can be repeated by asking again.
_FORGET = staff("users:erase", fresh=True)


class StaffErasureController(Controller):
    path = "/users/{account_id:uuid}/erase"
    tags = ("users",)

    @post(
        "/",
        guards=[_FORGET],
        status_code=202,
        operation_id="EraseUser",
        summary="Forget a customer, on a written request",
        **once(),
    )
    async def erase(
        self,
        account_id: FromPath[UUID],
        data: JSONBody[ErasePerson],
        actor: NamedDependency[Actor],
        erase_person: NamedDependency[ErasePersonHandler],
        privacy_queries: NamedDependency[PrivacyQueries],
    ) -> ErasureView:
        """The waiting time begins at once; the customer is told, and can call it off."""
        await erase_person(actor, account_id, data)
        return await privacy_queries.erasure(account_id)

    @get("/", guards=[_ERASE], operation_id="GetUserErasure", summary="How far it is")
    async def read(self, account_id: FromPath[UUID], privacy_queries: NamedDependency[PrivacyQueries]) -> ErasureView:
        return await privacy_queries.erasure(account_id)

    @delete("/", guards=[_ERASE], operation_id="CancelUserErasure", summary="Call it off")
    async def cancel(
        self,
        account_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        cancel_erasure: NamedDependency[CancelErasureHandler],
    ) -> None:
        await cancel_erasure(actor, account_id)
