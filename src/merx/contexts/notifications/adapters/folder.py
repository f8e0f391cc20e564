"""The local mailbox: one .eml file a mail, in a folder."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime
from email.headerregistry import Address
from pathlib import Path
from uuid import UUID

from merx.contexts.notifications.adapters.rfc5322 import as_message
from merx.contexts.notifications.domain.mail import Mail
from merx.infra import private_files
from merx.kernel.errors import Unavailable

_ID_LENGTH = len(str(UUID(int=0)))


def file_name(mail: Mail) -> str:
    """Sorts by time; the same event has the same name, so a mail sent again replaces itself."""
    return f"{mail.at:%Y%m%dT%H%M%S.%fZ}-{mail.event_id}-{mail.kind}.eml"


class FolderMailbox:
    """Implements Mailbox. A file is there whole or not at all, also after a power cut."""

    def __init__(self, folder: Path, sender: Address) -> None:
        self._folder = folder
        self._sender = sender

    async def send(self, mail: Mail) -> None:
        content = as_message(mail, self._sender).as_bytes()
        try:
            await asyncio.to_thread(private_files.put, self._folder / file_name(mail), content)
        except OSError as error:
            raise Unavailable("the mail folder cannot be written") from error

    async def forget(self, event_ids: Collection[UUID]) -> None:
        names = {str(event_id) for event_id in event_ids}
        await self._remove(lambda name: name.partition("-")[2][:_ID_LENGTH] in names)

    async def forget_before(self, moment: datetime) -> int:
        # Names begin with the time and sort by it.
        return await self._remove(lambda name: name < f"{moment:%Y%m%dT%H%M%S.%fZ}")

    async def _remove(self, wanted: Callable[[str], bool]) -> int:
        try:
            return await asyncio.to_thread(_remove, self._folder, wanted)
        except OSError as error:
            raise Unavailable("the mail folder cannot be written") from error


def _remove(folder: Path, wanted: Callable[[str], bool]) -> int:
    """Also what a writer that was killed has left half written, whose name is hidden."""
    files = [file for file in folder.glob("*.eml*") if wanted(file.name.lstrip("."))]
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)
