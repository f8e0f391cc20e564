"""What an account can show besides its password, and what a sign-in is worth that came with or without it."""

from collections.abc import Iterable
from enum import StrEnum, auto
from typing import Literal

from merx.contexts.identity.domain.account import AccountKind
from merx.kernel.actor import ProofLevel
from merx.kernel.model import View


class Method(StrEnum):
    """How somebody proved to be the owner. `oidc`: another provider said so; `oidc_mfa`: after two factors."""

    password = auto()
    totp = auto()
    recovery_code = auto()
    passkey = auto()
    oidc = auto()
    oidc_mfa = auto()


# What a challenge for a second factor can be answered with; each is the name of a Method.
ChallengeMethod = Literal["totp", "passkey", "recovery_code"]

# A passkey unlocks with something that its owner is or knows: it counts for both factors.
SECOND = frozenset({Method.totp, Method.recovery_code, Method.passkey, Method.oidc_mfa})


class HeldFactors(View, frozen=True):
    """`recovery_codes` are those that were not used yet; they are no factor of their own, they stand in for one."""

    totp: bool = False
    passkeys: int = 0
    recovery_codes: int = 0

    @property
    def any(self) -> bool:
        return self.totp or self.passkeys > 0

    @property
    def methods(self) -> tuple[ChallengeMethod, ...]:
        """What the owner can answer a challenge with."""
        if not self.any:
            return ()
        found: dict[ChallengeMethod, int] = {
            "totp": self.totp,
            "passkey": self.passkeys,
            "recovery_code": self.recovery_codes,
        }
        return tuple(method for method, held in found.items() if held)


def proof_level(kind: AccountKind, held: HeldFactors, methods: Iterable[str], *, staff_must: bool) -> ProofLevel:
    """`staff_must`: whether staff has to have a second factor in this shop."""
    if SECOND.intersection(methods):
        return ProofLevel.full
    if staff_must and kind is AccountKind.staff:
        return ProofLevel.limited if held.any else ProofLevel.enrolling
    return ProofLevel.partial if held.any else ProofLevel.full
