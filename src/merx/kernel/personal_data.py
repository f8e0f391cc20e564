"""What the shop holds of one person. Every context looks after its own tables; privacy asks each for its part."""

from typing import Any
from uuid import UUID

import msgspec


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A person by every name that rows know them by.

    `emails` are keys of e-mails (`kernel.address.email_key`) and proved to be theirs: rows of guests are found by
    nothing else.
    """

    account_id: UUID
    emails: tuple[str, ...] = ()
    order_ids: tuple[UUID, ...] = ()
    cart_ids: tuple[UUID, ...] = ()

    def also(self, other: "Subject") -> "Subject":
        """The same person with the names of both."""
        return Subject(
            account_id=self.account_id,
            emails=_joined(self.emails, other.emails),
            order_ids=_joined(self.order_ids, other.order_ids),
            cart_ids=_joined(self.cart_ids, other.cart_ids),
        )

    def __repr__(self) -> str:
        return f"Subject({self.account_id})"


class Section(msgspec.Struct, frozen=True):
    """The rows of one table as their owner gets them: plain values by column."""

    name: str
    rows: list[dict[str, Any]]

    def __repr__(self) -> str:
        return f"Section({self.name}, {len(self.rows)} rows)"


def _joined(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys((*one, *other)))
