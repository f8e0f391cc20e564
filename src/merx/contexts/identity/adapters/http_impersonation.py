"""Acting in the place of a customer."""

from uuid import UUID

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from merx.contexts.identity.usecases.impersonate import Impersonate, ImpersonateHandler, Impersonation
from merx.infra.http.auth import staff
from merx.kernel.actor import IMPERSONATE, Actor


class ImpersonationController(Controller):
    """Without `once`: the answer holds a token, and answers that can be sent again are stored.

    And no answer of cookie mode: the browser of staff would forget who staff is.
    """

    path = "/users"
    tags = ("users",)

    @post(
        "/{account_id:uuid}/impersonate",
        guards=[staff(IMPERSONATE, fresh=True)],
        operation_id="ImpersonateUser",
        summary="A token to act in the place of a customer",
    )
    async def impersonate(
        self,
        account_id: FromPath[UUID],
        data: JSONBody[Impersonate],
        actor: NamedDependency[Actor],
        impersonate: NamedDependency[ImpersonateHandler],
    ) -> Impersonation:
        """For 15 minutes, never for staff. What only the owner may do is refused: passwords, e-mail, sessions, second
        factors, export and erasure.
        """
        return await impersonate(actor, account_id, data)
