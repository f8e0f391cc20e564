"""Who is calling. Made by the driving adapter from what the caller proved; use cases ask it, never the request."""

from enum import StrEnum
from typing import Self
from uuid import UUID

import msgspec

from merx.kernel.errors import BeyondLimit, Forbidden, StepUpNeeded, Unauthenticated
from merx.kernel.money import Money
from merx.kernel.rights import Rights, rights_of

# The one permission that `*` does not hold: an API key with it changes what people must step up for.
WAIVES_STEP_UP = "step-up:waive"

# What staff needs for acting in the place of a customer, for as long as it does.
IMPERSONATE = "users:impersonate"
# For so long a token lets staff act in the place of a customer; it cannot be renewed.
IN_PLACE_SECONDS = 900


class ActorKind(StrEnum):
    anonymous = "anonymous"
    customer = "customer"
    staff = "staff"
    api_key = "api_key"
    system = "system"


class ProofLevel(StrEnum):
    """How much of what the account can prove was proved.

    `partial`: the account has a second factor, and this sign-in came without. Where the shop insists on one, that is
    `limited` (show it) or `enrolling` (set one up, the account has none), and nothing else may be done.
    """

    enrolling = "enrolling"
    limited = "limited"
    partial = "partial"
    full = "full"


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """When (`at`, in seconds since 1970) and how somebody last proved to be the owner of the account."""

    at: int
    methods: tuple[str, ...] = ()
    level: ProofLevel = ProofLevel.full


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """`permissions` are grants as text, such as `orders:write`; `*` grants all (see `kernel/rights.py`).

    `session_id` is that of a sign-in on a device. `account_id` of an API key is the id of the key, `lineage` that of
    the first of those that replaced one another up to it. `client` is the address of the caller, empty for ourselves.
    `impersonator` is the member of staff who acts in place of the account.

    `fresh`: the proof is young and strong enough for what must not be done with a computer left open.
    """

    kind: ActorKind
    account_id: UUID | None = None
    lineage: UUID | None = None
    permissions: frozenset[str] = frozenset()
    request_id: str = ""
    session_id: UUID | None = None
    client: str = ""
    impersonator: UUID | None = None
    proof: Proof | None = None
    fresh: bool = False

    @classmethod
    def system(cls) -> Self:
        return cls(kind=ActorKind.system, permissions=frozenset({"*"}))

    @classmethod
    def anonymous(cls, request_id: str = "") -> Self:
        return cls(kind=ActorKind.anonymous, request_id=request_id)

    def __str__(self) -> str:
        """For histories: `customer:018f…`, or the kind alone of nobody in particular; and who acts in its place."""
        name = f"{self.kind}:{self.account_id}" if self.account_id else str(self.kind)
        return f"{name} (staff:{self.impersonator})" if self.impersonator else name

    @property
    def is_staff(self) -> bool:
        return self.kind is not ActorKind.anonymous and self.kind is not ActorKind.customer

    @property
    def customer_id(self) -> UUID | None:
        return self.account_id if self.kind is ActorKind.customer else None

    @property
    def is_limited(self) -> bool:
        """May prove more of who it is, and nothing else."""
        return self.proof is not None and self.proof.level in (ProofLevel.limited, ProofLevel.enrolling)

    @property
    def rights(self) -> Rights:
        return rights_of(self.permissions)

    def holds(self, permission: str) -> bool:
        """At all, perhaps within limits: enough to be let in, not to act."""
        return self.rights.holds(permission)

    def may(self, permission: str, *, amount: Money | None = None, location: UUID | None = None) -> bool:
        """Whether one action is allowed. Say what it is about: a limit never covers what was not said."""
        return self.rights.allows(permission, amount, location)

    def must_hold(self, permission: str) -> None:
        """Raises Unauthenticated for nobody in particular, Forbidden for somebody without the right."""
        if self.holds(permission):
            return
        if self.kind is ActorKind.anonymous:
            raise Unauthenticated
        raise Forbidden(f"needs {permission}")

    def must_may(self, permission: str, *, amount: Money | None = None, location: UUID | None = None) -> None:
        """Raises like `must_hold`, and BeyondLimit for more than the right goes."""
        if self.may(permission, amount=amount, location=location):
            return
        self.must_hold(permission)
        raise BeyondLimit(f"you hold {permission} within limits that this goes beyond")

    def must_be_in_person(self) -> None:
        """Raises Forbidden for staff in the place of a customer."""
        if self.impersonator is not None:
            raise Forbidden("only the owner of the account can do this")

    def must_be_fresh(self) -> None:
        """Raises StepUpNeeded for people whose proof is too old or too weak, Forbidden for a key without the scope.

        And for staff in the place of a customer: what the owner has to prove nobody proves for her.
        """
        if self.kind is ActorKind.system:
            return
        self.must_be_in_person()
        if self.kind is ActorKind.api_key:
            if WAIVES_STEP_UP not in self.permissions or not self.may(WAIVES_STEP_UP):
                raise Forbidden(f"people step up for this; an API key needs the scope {WAIVES_STEP_UP}")
            return
        if not self.fresh:
            raise StepUpNeeded
