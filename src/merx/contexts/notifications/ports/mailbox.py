"""Where mail leaves us."""

from typing import Protocol

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
