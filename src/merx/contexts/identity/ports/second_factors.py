"""What the use cases of second factors need: storage, codes by the clock, and secrets that can be read again."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from merx.contexts.identity.domain.passkey import Passkey
from merx.contexts.identity.domain.second_factors import HeldFactors
from merx.contexts.identity.domain.totp import Totp
from merx.kernel.model import View


class SecondFactors(Protocol):
    """Lock the account before changing what it holds."""

    async def held(self, account_id: UUID) -> HeldFactors: ...

    async def totp(self, account_id: UUID) -> Totp | None:
        """Also one that is not confirmed."""
        ...

    async def put_totp(self, totp: Totp) -> None:
        """In place of what the account has."""
        ...

    async def use_step(self, account_id: UUID, step: int) -> bool:
        """Spend the code of these 30 seconds and all before. False when it is spent: of two at once one gets True."""
        ...

    async def remove_totp(self, account_id: UUID) -> bool:
        """True when there was a confirmed one."""
        ...

    async def put_recovery_codes(self, account_id: UUID, digests: Iterable[bytes]) -> None:
        """In place of those that the account has."""
        ...

    async def use_recovery_code(self, account_id: UUID, digest: bytes, now: datetime) -> bool:
        """False for one that is unknown or used: of two at once one gets True."""
        ...


class Passkeys(Protocol):
    async def of(self, account_id: UUID) -> list[Passkey]:
        """The oldest first."""
        ...

    async def by_credential(self, credential_id: bytes) -> Passkey | None: ...

    async def add(self, passkey: Passkey) -> None:
        """Raises PasskeyHeldAlready when anybody has the credential."""
        ...

    async def use(self, id: UUID, sign_count: int, now: datetime) -> bool:
        """Write down a use. False when the count did not grow, unless it never does: of two at once one gets True."""
        ...

    async def rename(self, account_id: UUID, id: UUID, name: str) -> bool:
        """False when the account has no such passkey."""
        ...

    async def remove(self, account_id: UUID, id: UUID) -> Passkey | None:
        """What was removed, None when the account has no such passkey."""
        ...


class SpentChallenges(Protocol):
    async def spend(self, id: UUID, expires_at: datetime) -> bool:
        """False when it was spent before: of two at once one gets True."""
        ...

    async def forget(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` that expired before that moment; returns how many."""
        ...


class PasskeyView(View, frozen=True):
    """`last_used_at` null: never since it was registered. `backed_up`: synchronised between devices."""

    id: UUID
    name: str
    backed_up: bool
    created_at: datetime
    last_used_at: datetime | None


class FactorQueries(Protocol):
    async def held(self, account_id: UUID) -> HeldFactors: ...

    async def passkeys(self, account_id: UUID) -> list[PasskeyView]:
        """The oldest first."""
        ...


class TotpCodes(Protocol):
    def new_secret(self) -> bytes: ...

    def step(self, secret: bytes, code: str, now: datetime) -> int | None:
        """The 30 seconds that the code belongs to: the present ones, those before or after. None: a wrong code."""
        ...

    def shown(self, secret: bytes, email: str) -> tuple[str, str, str]:
        """The secret as people type it, as an `otpauth:` address, and that as a QR code in SVG."""
        ...


class Seals(Protocol):
    def seal(self, purpose: str, owner: UUID, plain: bytes) -> bytes:
        """Encrypted for this purpose and owner alone."""
        ...

    def open(self, purpose: str, owner: UUID, sealed: bytes) -> bytes: ...

    def outdated(self, sealed: bytes) -> bool:
        """Whether it should be sealed again, for the shop has another secret now."""
        ...
