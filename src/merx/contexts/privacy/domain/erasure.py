"""A person wants to be forgotten: asked, proved, waited for, done.

    asked ──code──▶ waiting ──time──▶ closing ──tokens expired──▶ erasing ──▶ done
      └──────────────┴──▶ cancelled

The row is its own one-time code: the text of the code is computed from its id, so no row and no event holds one.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from merx.contexts.privacy.domain.errors import InvalidErasureCode, TooLate
from merx.contexts.privacy.events import ErasureDue
from merx.kernel.ids import new_id
from merx.kernel.model import Entity
from merx.kernel.personal_data import Subject

CODE_PURPOSE = "erase-account"
CODE_LIFE = timedelta(hours=1)
# A step that nobody reported about is taken again.
STEP_PATIENCE = timedelta(minutes=15)
# An order on its way, a payment that is open: looked at again.
POSTPONED_BY = timedelta(hours=12)


class ErasureState(StrEnum):
    asked = "asked"
    waiting = "waiting"
    closing = "closing"
    erasing = "erasing"
    done = "done"
    cancelled = "cancelled"


OPEN = (ErasureState.asked, ErasureState.waiting, ErasureState.closing, ErasureState.erasing)


class Erasure(Entity, kw_only=True):
    """`email` is where the person is written to, empty at the end. `by_staff`: on a written request, which `reference`
    finds in the shop's files.

    `due_at` is the end of the waiting time, `next_step_at` when a worker looks at it next. `postponed_for` names what
    is unfinished. `subject` is who is erased, known while that goes on; `parts_done` have reported.
    """

    account_id: UUID
    state: ErasureState = ErasureState.asked
    email: str
    by_staff: bool = False
    reference: str = ""
    asked_at: datetime
    due_at: datetime | None = None
    next_step_at: datetime | None = None
    closed_at: datetime | None = None
    ended_at: datetime | None = None
    postponed_for: tuple[str, ...] = ()
    subject: Subject | None = None
    parts_done: tuple[str, ...] = ()

    @classmethod
    def ask(cls, account_id: UUID, email: str, now: datetime) -> Self:
        return cls(id=new_id(), account_id=account_id, email=email, asked_at=now)

    @classmethod
    def order(cls, account_id: UUID, email: str, reference: str, now: datetime, wait: timedelta) -> Self:
        """By staff: the request came on paper, so no code is sent."""
        made = cls(id=new_id(), account_id=account_id, email=email, by_staff=True, reference=reference, asked_at=now)
        made._wait(now, wait)
        return made

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def confirm(self, account_id: UUID, now: datetime, wait: timedelta) -> None:
        """With the code that names this erasure. Raises InvalidErasureCode."""
        mine = self.account_id == account_id and self.state is ErasureState.asked
        if not mine or now >= self.asked_at + CODE_LIFE:
            raise InvalidErasureCode
        self._wait(now, wait)

    def cancel(self, now: datetime) -> None:
        """Raises TooLate."""
        if self.state not in (ErasureState.asked, ErasureState.waiting):
            raise TooLate(f"the erasure is {self.state}")
        self.state = ErasureState.cancelled
        self._end(now)

    def take_step(self, now: datetime) -> ErasureDue:
        """A worker is told; should it not report, it is told again."""
        self.next_step_at = now + STEP_PATIENCE
        return ErasureDue(at=now, erasure_id=self.id)

    def postpone(self, matters: list[str], now: datetime) -> None:
        self.postponed_for = tuple(matters)
        self.next_step_at = now + POSTPONED_BY

    def close(self, now: datetime) -> None:
        """From here on nobody can call it off."""
        self.state = ErasureState.closing
        self.postponed_for = ()
        self.next_step_at = now + STEP_PATIENCE

    def closed(self, now: datetime, token_life: timedelta) -> None:
        """The account lets nobody in; what was handed out before still opens doors for `token_life`."""
        self.closed_at = now
        self.next_step_at = now + token_life

    def erase(self, subject: Subject, now: datetime) -> None:
        self.state = ErasureState.erasing
        self.postponed_for = ()
        self.subject = subject
        self.next_step_at = now + STEP_PATIENCE

    def reported(self, part: str, now: datetime) -> None:
        self.parts_done = (*self.parts_done, part)
        self.next_step_at = now + STEP_PATIENCE

    def finish(self, now: datetime) -> None:
        self.state = ErasureState.done
        self._end(now)

    def _wait(self, now: datetime, wait: timedelta) -> None:
        self.state = ErasureState.waiting
        self.due_at = self.next_step_at = now + wait

    def _end(self, now: datetime) -> None:
        """What remains is that there was a request, when, and how it ended."""
        self.ended_at, self.next_step_at = now, None
        self.email, self.subject = "", None
