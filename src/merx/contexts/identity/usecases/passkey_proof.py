"""A passkey shows that its owner is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.caller import Caller
from merx.contexts.identity.domain.errors import WrongFactor
from merx.contexts.identity.domain.passkey import Passkey
from merx.contexts.identity.events import PasskeyCopied
from merx.contexts.identity.ports.passkeys import (
    Ceremonies,
    Challenges,
    PasskeyAssertion,
    RequestOptions,
    SignedChallenge,
)
from merx.contexts.identity.ports.repositories import IdentityUow, IdentityUowFactory
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.model import View

Purpose = Literal["sign-in", "second-factor", "step-up"]


class SeenPasskey(View, frozen=True):
    """A passkey whose signature is good, not yet written down as used."""

    passkey: Passkey
    sign_count: int
    challenge: SignedChallenge


@dataclass(frozen=True, slots=True)
class PasskeyProof:
    """`see` checks the signature with no transaction open, `accept` writes the use down under the account's lock.

    Both raise WrongFactor for every reason alike.
    """

    uow: IdentityUowFactory
    ceremonies: Ceremonies
    challenges: Challenges

    async def options(
        self, purpose: Purpose, account_id: UUID | None, held: Sequence[Passkey], now: datetime
    ) -> RequestOptions:
        return await self.ceremonies.request_options(self.challenges.issue(purpose, account_id, now), list(held))

    async def see(
        self, purpose: Purpose, account_id: UUID | None, given: PasskeyAssertion, now: datetime
    ) -> SeenPasskey:
        """`account_id`: only a passkey of this account will do; None when the passkey says who comes."""
        answered = self.ceremonies.challenge_in(given.response.client_data_json)
        challenge = self.challenges.read(purpose, account_id, answered, now)
        async with self.uow() as uow:
            passkey = await uow.passkeys.by_credential(self.ceremonies.credential_id(given))
        named = given.response.user_handle is not None
        if passkey is None or (not named if account_id is None else passkey.account_id != account_id):
            raise WrongFactor
        count = await self.ceremonies.verify_request(given, answered, passkey)
        return SeenPasskey(passkey, count, challenge)

    async def accept(
        self, uow: IdentityUow, account: Account, seen: SeenPasskey, caller: Caller, now: datetime
    ) -> None:
        """With this transaction, which is to be committed also when this refuses: then it holds why."""
        if seen.passkey.account_id != account.id or not account.is_active:
            raise WrongFactor
        if not await uow.challenges.spend(seen.challenge.id, seen.challenge.expires_at):
            raise WrongFactor
        if await uow.passkeys.use(seen.passkey.id, seen.sign_count, now):
            return
        # Removed meanwhile, or somebody else has the same key.
        present = await uow.passkeys.by_credential(seen.passkey.credential_id)
        if present is not None:
            uow.emit(
                PasskeyCopied(at=now, account_id=account.id, email=account.email, name=account.name, label=present.name)
            )
            uow.record(
                AuditEntry(
                    actor=caller.anonymous(),
                    action="identity.passkey-copied",
                    target="account",
                    target_id=account.id,
                    changes=facts(passkey_id=present.id, sign_count=seen.sign_count, known_count=present.sign_count),
                )
            )
        raise WrongFactor
