"""The port of idempotency keys for work that is more than one transaction of ours: a provider is called in between.

The key is claimed first, the work done, the answer kept; see `merx.infra.idempotency.http`. Work that is one
transaction keeps its answer in it and needs no claim: `merx.infra.idempotency.answers`. Both share one table.
"""

from datetime import timedelta
from typing import Protocol
from uuid import UUID

import msgspec

from merx.infra.idempotency.answers import Key
from merx.kernel.ports import Transaction

# Longer than any request of ours may take; whoever is silent for so long has died.
CLAIM = timedelta(seconds=60)


class Reply(msgspec.Struct, frozen=True):
    status: int
    body: bytes
    headers: dict[str, str] = {}


class Claimed(msgspec.Struct, frozen=True):
    """The caller is first and must `complete` or `abandon`."""

    claim: UUID


class IdempotencyStore(Protocol):
    async def begin(self, key: Key) -> Claimed | Reply:
        """Claim the key for a minute, or the reply kept for it.

        Raises StillRunning, or KeyReused for the same key with another fingerprint. A claim that ran out is taken over,
        unless its effect was noted: then AnswerLost.
        """
        ...

    async def note(self, tx: Transaction, key: Key, claimed: Claimed) -> None:
        """In the transaction of the effect: it has happened if and only if that commits, and never happens again.

        Raises StillRunning when the claim was taken over; nothing is to be committed then.
        """
        ...

    async def complete(self, key: Key, claimed: Claimed, reply: Reply) -> None:
        """Keep the reply for a day. Does nothing when the claim was taken over."""
        ...

    async def abandon(self, key: Key, claimed: Claimed, *, refused: bool = False) -> None:
        """Forget the claim: the same request may be tried again. An effect that was noted stays.

        `refused`: there was none, and what was committed is that it was refused.
        """
        ...

    async def prune(self) -> int:
        """Remove what has expired, kept answers included; how many."""
        ...
