"""A one-time code is traded for the account that it was sent to."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.errors import InvalidCode
from merx.contexts.identity.domain.one_time_code import CodePurpose, OneTimeCode
from merx.contexts.identity.ports.repositories import IdentityUow
from merx.contexts.identity.ports.security import CodeReader


@dataclass(frozen=True, slots=True)
class Redeemer:
    """Raises InvalidCode for every reason alike."""

    codes: CodeReader

    def read(self, purpose: CodePurpose, text: str) -> UUID:
        """Costs nothing: call it before any work is done for whoever sent the text."""
        code_id = self.codes.read(purpose, text)
        if code_id is None:
            raise InvalidCode
        return code_id

    async def hold(
        self, uow: IdentityUow, code_id: UUID, purpose: CodePurpose, now: datetime, *, owner: UUID | None = None
    ) -> tuple[Account, OneTimeCode]:
        """The account, locked, and the code, good and not used up. `owner`: nobody else's code will do."""
        code = await uow.codes.get(code_id)
        if code is None or (owner is not None and code.account_id != owner):
            raise InvalidCode
        # Everything that makes a code void happens under this lock.
        account = await uow.accounts.locked(code.account_id)
        code = await uow.codes.get(code_id) or code
        code.check(account, purpose, now)
        return account, code

    async def redeem(
        self, uow: IdentityUow, code_id: UUID, purpose: CodePurpose, now: datetime, *, owner: UUID | None = None
    ) -> tuple[Account, OneTimeCode]:
        """Like `hold`, and the code is used up with this transaction."""
        account, code = await self.hold(uow, code_id, purpose, now, owner=owner)
        if not await uow.codes.take(code_id, now):
            raise InvalidCode
        return account, code
