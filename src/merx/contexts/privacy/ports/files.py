"""Where exported files lie until they are fetched."""

from typing import Protocol
from uuid import UUID


class ExportFiles(Protocol):
    """Private: nobody reads them but through us. Raises Unavailable."""

    async def write(self, export_id: UUID, content: bytes) -> None:
        """Whole or not at all; writing it again replaces it."""
        ...

    async def read(self, export_id: UUID) -> bytes | None: ...

    async def remove(self, export_id: UUID) -> None:
        """One that is not there is no error."""
        ...
