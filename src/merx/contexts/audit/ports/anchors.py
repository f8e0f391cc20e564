"""Where the head of the trail is kept outside of the database."""

from typing import Protocol

from merx.contexts.audit.domain.proof import Anchor


class AnchorStore(Protocol):
    """What is kept is never changed. Raises OSError when the place cannot be reached."""

    async def keep(self, anchor: Anchor) -> None: ...

    async def all(self) -> list[Anchor]:
        """In the order in which they were kept."""
        ...
