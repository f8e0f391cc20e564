"""Codes that go out by mail and prove, once, that whoever shows them reads that mailbox; and the one that the first
half of a sign-in gets when a second factor has to follow.

A row holds no code: its text is computed from the id, the purpose and the shop's secret. It is bound to one account as
it was when the code was made: `credentials_version` moves on with every new password and every new e-mail.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

import msgspec

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.errors import InvalidCode
from merx.contexts.identity.domain.second_factors import Method
from merx.kernel.ids import new_id

# What somebody types or a link carries; spaces around it come with copying.
GivenCode = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class CodePurpose(StrEnum):
    verify_email = "verify-email"
    reset_password = "reset-password"  # noqa: S105 - the name of a purpose, no secret
    change_email = "change-email"
    second_factor = "second-factor"


LIVES = {
    CodePurpose.verify_email: timedelta(hours=24),
    CodePurpose.reset_password: timedelta(minutes=30),
    CodePurpose.change_email: timedelta(hours=1),
    CodePurpose.second_factor: timedelta(minutes=5),
}
# Of one account and purpose at a time: whoever asks again and again fills no mailbox.
MAX_OPEN = 5
# Wrong second factors for one first half of a sign-in.
MAX_ATTEMPTS = 5


class OneTimeCode(msgspec.Struct, kw_only=True, eq=False):
    """`new_email` is the address that a change of e-mail leads to, None for the other purposes.

    `methods` are what the first half of a sign-in was, empty for the other purposes. `attempts` counts what was tried
    with the code and failed.
    """

    id: UUID
    account_id: UUID
    purpose: CodePurpose
    credentials_version: int
    new_email: str | None = None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    attempts: int = 0
    methods: tuple[Method, ...] = ()

    @classmethod
    def issue(
        cls,
        account: Account,
        purpose: CodePurpose,
        now: datetime,
        new_email: str | None = None,
        *,
        methods: tuple[Method, ...] = (),
    ) -> Self:
        return cls(
            id=new_id(),
            account_id=account.id,
            purpose=purpose,
            credentials_version=account.credentials_version,
            new_email=new_email,
            created_at=now,
            expires_at=now + LIVES[purpose],
            methods=methods,
        )

    def check(self, account: Account, purpose: CodePurpose, now: datetime) -> None:
        """Raises InvalidCode unless the code is good for this purpose and this account as it is now."""
        good = (
            self.purpose is purpose
            and self.account_id == account.id
            and account.is_active
            and self.credentials_version == account.credentials_version
            and self.used_at is None
            and now < self.expires_at
            and self.attempts < MAX_ATTEMPTS
        )
        if not good:
            raise InvalidCode

    def __repr__(self) -> str:
        return f"OneTimeCode({self.id})"
