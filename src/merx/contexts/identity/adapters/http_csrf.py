"""What a page of the shop has to send along with every change, for whoever is signed in with cookies."""

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.types import Scope

from merx.contexts.identity.usecases.prove_session import ProveSessionHandler
from merx.infra.http.auth import public
from merx.infra.http.cookies import CookieMode
from merx.kernel.actor import Actor
from merx.kernel.errors import Unauthenticated
from merx.kernel.model import View


class CsrfToken(View, frozen=True):
    """Goes into `X-CSRF-Token`; the same until the session ends."""

    csrf_token: str

    def __repr__(self) -> str:
        return "CsrfToken(***)"


class CsrfController(Controller):
    path = "/auth"
    tags = ["auth"]

    @get("/csrf", guards=[public], operation_id="GetCsrfToken", summary="What changes by cookie have to send along")
    async def csrf(
        self,
        scope: Scope,
        actor: NamedDependency[Actor],
        cookie_mode: NamedDependency[CookieMode],
        prove_session: NamedDependency[ProveSessionHandler],
    ) -> CsrfToken:
        """401 when nobody is signed in with cookies. The refresh cookie is enough: this comes before a refresh."""
        session_id = actor.session_id
        if session_id is None:
            sent = cookie_mode.refresh(dict(scope["headers"]))
            if sent is None:
                raise Unauthenticated("nobody is signed in with cookies")
            session_id = await prove_session(sent.decode("latin-1"))
        return CsrfToken(cookie_mode.csrf_token(session_id))
