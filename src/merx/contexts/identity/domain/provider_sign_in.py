"""One way through a provider and back: begun in a browser, proved by the provider, finished in the same browser.

Nothing is stored when it begins: the flow travels sealed in `state`. A row is made when the browser comes back, so that
a state is good once; it remembers who the provider proved until that browser collects the outcome.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

import msgspec

from merx.contexts.identity.domain.errors import InvalidCode
from merx.kernel import base64url
from merx.kernel.ids import new_id

# From leaving for the provider to coming back.
FLOW_LIFE = timedelta(minutes=10)
# From coming back to collecting the tokens.
COLLECT_LIFE = timedelta(seconds=60)

# RFC 7636 §4: what a program keeps to itself, and its SHA-256.
Verifier = Annotated[str, msgspec.Meta(min_length=43, max_length=128, pattern=r"^[A-Za-z0-9\-._~]+\Z")]
Challenge = Annotated[str, msgspec.Meta(min_length=43, max_length=43, pattern=r"^[A-Za-z0-9_-]+\Z")]


class Purpose(StrEnum):
    sign_in = "sign-in"
    link = "link"


def challenge_of(secret: str) -> str:
    """S256 of RFC 7636."""
    return base64url.encode(hashlib.sha256(secret.encode()).digest())


class ProviderFlow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `state` holds. `account_id` is whose account an identity is linked to, None for a sign-in.

    `challenge` names the program that may collect the outcome, None for the browser itself.
    """

    id: UUID
    provider: str
    purpose: Purpose
    return_to: str
    expires_at: datetime
    account_id: UUID | None = None
    challenge: str | None = None

    @classmethod
    def begin(
        cls,
        provider: str,
        now: datetime,
        *,
        return_to: str = "/",
        account_id: UUID | None = None,
        challenge: str | None = None,
    ) -> Self:
        return cls(
            id=new_id(),
            provider=provider,
            purpose=Purpose.sign_in if account_id is None else Purpose.link,
            return_to=return_to,
            expires_at=now + FLOW_LIFE,
            account_id=account_id,
            challenge=challenge,
        )


class ProviderSignIn(msgspec.Struct, kw_only=True, eq=False):
    """`binding` is the challenge that whoever collects must meet. `account_id` is None until the provider has proved
    somebody; `credentials_version` is the account's at that time.
    """

    id: UUID
    provider: str
    purpose: Purpose
    binding: str
    expires_at: datetime
    account_id: UUID | None = None
    credentials_version: int = 0
    issuer: str | None = None
    subject: str | None = None
    email: str | None = None
    multi_factor: bool = False
    proved_at: datetime | None = None
    used_at: datetime | None = None

    @classmethod
    def claim(cls, flow: ProviderFlow, browser: str) -> Self:
        return cls(
            id=flow.id,
            provider=flow.provider,
            purpose=flow.purpose,
            binding=flow.challenge or challenge_of(browser),
            expires_at=flow.expires_at,
        )

    def prove(self, account_id: UUID, credentials_version: int, now: datetime) -> None:
        self.account_id = account_id
        self.credentials_version = credentials_version
        self.proved_at = now
        self.expires_at = now + COLLECT_LIFE

    def collect(self, purpose: Purpose, secret: str | None, now: datetime) -> UUID:
        """The account, once. Raises InvalidCode for whoever is not the one who began, and after its time."""
        good = (
            self.purpose is purpose
            and self.account_id is not None
            and self.proved_at is not None
            and self.used_at is None
            and now < self.expires_at
            and secret is not None
            and hmac.compare_digest(challenge_of(secret), self.binding)
        )
        if not good or self.account_id is None:
            raise InvalidCode
        self.used_at = now
        return self.account_id

    def __repr__(self) -> str:
        return f"ProviderSignIn({self.id})"
