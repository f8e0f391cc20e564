"""The queue of deliveries as the deliverer sees it. Time is the storage's clock: hosts need not agree on theirs.

A delivery is leased before it runs: whoever holds the token of the lease may finish it. A lease that ran out without a
verdict makes the delivery a *suspect*: it may have ended its process, so it is run alone, where it takes nobody along.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import msgspec

LEASE = timedelta(seconds=6)
MAX_FAILURES = 5
ENDED = "the process ended, or its lease ran out, during the run"


def floor_id(age: timedelta) -> UUID:
    """Every UUIDv7 made longer than `age` ago is smaller: old rows are a range of the primary key."""
    return UUID(int=int((time.time() - age.total_seconds()) * 1000) << 80)


class Leased(msgspec.Struct, frozen=True):
    """A delivery to run now. `tag` and `payload` are None when the event is gone."""

    id: UUID
    token: UUID
    event_id: UUID
    subscriber: str
    attempts: int
    failures: int
    tag: str | None
    payload: str | None


class DeadLetter(msgspec.Struct, frozen=True):
    id: UUID
    event_id: UUID
    subscriber: str
    tag: str
    attempts: int
    failures: int
    last_error: str
    created_at: datetime


class ReadLetter(msgspec.Struct, frozen=True):
    """One dead letter with what its event said and when; None when the event is gone."""

    letter: DeadLetter
    happened_at: datetime | None
    payload: str | None


class QueueState(msgspec.Struct, frozen=True):
    """`oldest_seconds` is how long the delivery that is due longest has been waiting for its run."""

    pending: int
    dead: int
    oldest_seconds: float


class Deliveries(Protocol):
    async def lease(self, limit: int, ids: Sequence[UUID] | None = None) -> list[Leased]:
        """Up to `limit` due deliveries that nobody holds; out of `ids` when given. Counts as an attempt.

        Of jobs that are paused there are none.
        """
        ...

    async def suspects(self) -> bool:
        """Whether a lease ran out without a verdict. Buries those that did so too often."""
        ...

    async def lease_suspect(self) -> Leased | None:
        """The suspect that waits longest. Counts the run before as a failure."""
        ...

    async def renew(self, leases: Sequence[Leased]) -> None:
        """Six more seconds. A delivery whose transaction is open needs none: its row lock keeps others away."""
        ...

    async def claim(self, tx: Any, lease: Leased) -> bool:
        """Mark done inside the transaction of the work. False when somebody else has it: then roll back."""
        ...

    async def done(self, lease: Leased) -> bool:
        """Mark done by itself, after an effect. False when somebody else has it."""
        ...

    async def fail(self, lease: Leased, error: str, retry_in: timedelta | None, *, counts: bool) -> None:
        """Try again later, or never when `retry_in` is None. `counts` towards MAX_FAILURES."""
        ...

    async def release(self, leases: Sequence[Leased]) -> None:
        """Give back unharmed, as if never leased."""
        ...

    async def dead(
        self, subscriber: str | None = None, limit: int = 100, after: UUID | None = None
    ) -> list[DeadLetter]:
        """Oldest first."""
        ...

    async def letter(self, id: UUID) -> ReadLetter | None:
        """A dead letter. None for any other delivery."""
        ...

    async def prune(self, older_than: timedelta) -> int:
        """Remove done deliveries, and events that no delivery needs. Dead letters and their events stay."""
        ...

    async def state(self) -> QueueState: ...
