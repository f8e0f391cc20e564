"""Where mail leaves us."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from merx.contexts.notifications.domain.mail import Mail
from merx.kernel.errors import Invalid


class Undeliverable(Invalid):
    """No attempt will ever succeed, for example because the address cannot exist."""

    slug = "notifications.undeliverable"
    title = "The mail cannot be delivered"


class Mailbox(Protocol):
    """At least once: the same mail may be handed over again, and an adapter that can tell replaces it."""

    async def send(self, mail: Mail) -> None:
        """Raises Undeliverable, and Unavailable when it may work later."""
        ...

    async def forget(self, event_ids: Collection[UUID]) -> None:
        """Destroy what is still here of the mails that tell of these events. What has left cannot be called back."""
        ...

    async def forget_before(self, moment: datetime) -> int:
        """Destroy what is here of mails from before that moment; returns how many."""
        ...
