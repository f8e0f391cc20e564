"""One-time passwords by the clock (RFC 6238): six digits that change every 30 seconds."""

from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

import msgspec

# What people type: some apps show a gap in the middle.
TotpCode = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{3} ?[0-9]{3}\Z", examples=["123456"])]
# Whoever shows a code to an app has it at hand; a secret that lies around longer may have been seen by others.
ENROLMENT_LIFE = timedelta(minutes=30)


class Totp(msgspec.Struct, kw_only=True, eq=False):
    """The one app of an account. `sealed_secret` is encrypted; `last_step` is the newest 30 seconds whose code was
    used: that code and all before are spent. Until `confirmed_at` it opens nothing.
    """

    account_id: UUID
    sealed_secret: bytes
    created_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0

    @classmethod
    def enrol(cls, account_id: UUID, sealed_secret: bytes, now: datetime) -> Self:
        return cls(account_id=account_id, sealed_secret=sealed_secret, created_at=now)

    def __repr__(self) -> str:
        return f"Totp({self.account_id})"

    def can_be_confirmed(self, now: datetime) -> bool:
        return self.confirmed_at is None and now < self.created_at + ENROLMENT_LIFE
