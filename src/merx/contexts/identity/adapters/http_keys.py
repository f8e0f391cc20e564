"""The public keys of access tokens, for services that check them without asking us."""

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.response import Response

from merx.contexts.identity.ports.security import PublicKeys
from merx.infra.http.auth import public
from merx.kernel.model import View

# As long as a new key should be announced before it signs.
MAX_AGE_SECONDS = 300


class PublicKey(View, frozen=True):
    """RFC 8037; `kid` is in the header of each token that the key signed."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class PublicKeySet(View, frozen=True):
    """RFC 7517."""

    keys: list[PublicKey]


class JwksController(Controller):
    path = "/auth"
    tags = ["auth"]

    @get(
        "/jwks.json",
        guards=[public],
        operation_id="GetPublicKeys",
        summary="The keys that access tokens are signed with",
    )
    async def jwks(self, public_keys: NamedDependency[PublicKeys]) -> Response[PublicKeySet]:
        keys = msgspec.convert(public_keys.public_keys(), list[PublicKey])
        return Response(PublicKeySet(keys), headers={"Cache-Control": f"public, max-age={MAX_AGE_SECONDS}"})
