"""Who is on the other end: the account behind a token, and the address behind our own proxies."""

import hmac
from ipaddress import IPv6Address, ip_address
from typing import Any, Protocol

import msgspec

from merx.infra.http.asgi import Scope
from merx.infra.tokens import AccessTokens, InvalidToken
from merx.kernel.actor import IMPERSONATE, Actor, ActorKind, Proof, ProofLevel
from merx.kernel.rights import AS_HELD

_IN_PLACE = Actor(kind=ActorKind.staff, permissions=frozenset({AS_HELD}))
METRICS_READER = Actor(kind=ActorKind.api_key, permissions=frozenset({"metrics:read"}))


# The account can prove no more than that.
_AS_GOOD_AS_CAN_BE = (ProofLevel.full, ProofLevel.enrolling)
# How the `Authorization` header of a program begins.
_KEY = b"mx_sk_"


class ApiKeys(Protocol):
    async def actor(self, text: str, address: str) -> Actor:
        """For whom the key speaks when it is used from that address. Raises Unauthenticated, and Unavailable."""
        ...


class StaffRights(Protocol):
    async def actor(self, actor: Actor) -> Actor:
        """The same actor with what its account holds now. Raises Unauthenticated, and Unavailable."""
        ...


class LiveSessions(Protocol):
    async def demand(self, actor: Actor) -> None:
        """Raises Unauthenticated when the session of the actor's token is over, and Unavailable when nobody can say."""
        ...


class InPlace(Protocol):
    async def note(self, actor: Actor, operation: str) -> None:
        """Put on record what staff is about to change in the place of a customer. Raises Unavailable."""
        ...


class RefusedRequests(Protocol):
    async def request(self, actor: Actor, operation: str, reason: str) -> None:
        """Put on record, or count, what was answered with 403; `reason` is its slug. Raises Unavailable."""
        ...


class Authenticator:
    """Turns an `Authorization` header into an Actor. `metrics_token` is the one fixed token, for the metrics reader."""

    def __init__(
        self,
        tokens: AccessTokens,
        metrics_token: str = "",
        api_keys: ApiKeys | None = None,
        staff_rights: StaffRights | None = None,
        step_up_seconds: int = 600,
    ) -> None:
        """`step_up_seconds`: for how long a proof is fresh."""
        self._tokens = tokens
        self._fresh_for = step_up_seconds
        self._api_keys = api_keys
        self._staff_rights = staff_rights
        self._metrics_token = metrics_token.encode()

    def actor(self, authorization: bytes | None, request_id: str, address: str = "") -> Actor:
        """Raises Unauthenticated for a header that is not valid: nobody acts as anonymous by mistake."""
        if authorization is None:
            return Actor(kind=ActorKind.anonymous, request_id=request_id, client=address)
        if not authorization.startswith(b"Bearer ") and authorization[:7].lower() != b"bearer ":
            raise InvalidToken("send `Authorization: Bearer <access token>`")
        token = authorization[7:].strip()
        if self._metrics_token and hmac.compare_digest(token, self._metrics_token):
            known = METRICS_READER
        else:
            known = self._tokens.verify(token.decode("latin-1"))
        return Actor(
            kind=known.kind,
            account_id=known.account_id,
            permissions=known.permissions,
            request_id=request_id,
            session_id=known.session_id,
            client=address,
            impersonator=known.impersonator,
            proof=known.proof,
            fresh=self._is_fresh(known.proof),
        )

    def _is_fresh(self, proof: Proof | None) -> bool:
        return (
            proof is not None
            and proof.level in _AS_GOOD_AS_CAN_BE
            and self._tokens.seconds() < proof.at + self._fresh_for
        )

    async def with_rights(self, actor: Actor) -> Actor:
        """The same actor; one whose token says `AS_HELD`, which alone allows nothing, with what its account holds.

        Raises Unauthenticated when that account, or the one that acts in its place, is not open any more or may not act
        in the place of others by now, and Unavailable when nobody can say.
        """
        if self._staff_rights is None:
            return actor
        if actor.impersonator is not None:
            helper = await self._staff_rights.actor(msgspec.structs.replace(_IN_PLACE, account_id=actor.impersonator))
            if not helper.may(IMPERSONATE):
                raise InvalidToken("whoever acts here in the place of a customer may do that no more")
        return await self._staff_rights.actor(actor) if AS_HELD in actor.permissions else actor

    def is_key(self, authorization: bytes | None) -> bool:
        """Whether `key_holder` has to be asked, not `actor`."""
        return authorization is not None and authorization[7:13] == _KEY and self._api_keys is not None

    async def key_holder(self, authorization: bytes, request_id: str, address: str) -> Actor:
        """Raises Unauthenticated, and Unavailable when nobody can say whether the key is good."""
        if self._api_keys is None or authorization[:7].lower() != b"bearer ":
            raise InvalidToken("send `Authorization: Bearer <API key>`")
        known = await self._api_keys.actor(authorization[7:].decode("latin-1").strip(), address)
        return Actor(
            kind=known.kind,
            account_id=known.account_id,
            permissions=known.permissions,
            lineage=known.lineage,
            request_id=request_id,
            client=address,
        )


def caller_address(scope: Scope, forwarded: bytes | None, proxies: int) -> str:
    """The address of the caller as our outermost proxy saw it; what callers add to the left is not believed.

    `proxies` is the number of own proxies. With fewer entries than that the request came around them.
    """
    client: Any = scope.get("client")
    direct = str(client[0]) if client else ""
    if not proxies or not forwarded:
        return direct
    # A proxy may add a line of its own to those it got: together they are one list (RFC 9110 §5.3).
    lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    hops = b",".join(lines).decode("latin-1").split(",")
    if len(hops) < proxies:
        return direct
    text = hops[-proxies].strip()
    try:
        found = ip_address(text)
    except ValueError:
        return direct
    # The zone of an address means something on one machine alone, and may be any text.
    return direct if isinstance(found, IPv6Address) and found.scope_id is not None else str(found)


def is_loopback(address: str) -> bool:
    """True for this machine, also when the server listens on a Unix socket and knows no address."""
    if address == "":
        return True
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
