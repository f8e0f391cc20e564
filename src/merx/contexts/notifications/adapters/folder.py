"""The local mailbox: one .eml file a mail, in a folder."""

import asyncio
import contextlib
import os
from email.headerregistry import Address
from pathlib import Path

from merx.contexts.notifications.adapters.rfc5322 import as_message
from merx.contexts.notifications.domain.mail import Mail
from merx.kernel.errors import Unavailable


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
            await asyncio.to_thread(_write, self._folder, file_name(mail), content)
        except OSError as error:
            raise Unavailable("the mail folder cannot be written") from error


def _write(folder: Path, name: str, content: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".{name}.{os.getpid()}.tmp"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / name)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
