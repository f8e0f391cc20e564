"""Who calls, in tests that ask use cases."""

from typing import Any
from uuid import UUID

from merx.kernel.actor import Actor, ActorKind


def customer(account_id: UUID | None, **given: Any) -> Actor:
    """The customer with this account; a guest without one."""
    kind = ActorKind.anonymous if account_id is None else ActorKind.customer
    return Actor(kind=kind, account_id=account_id, **given)
