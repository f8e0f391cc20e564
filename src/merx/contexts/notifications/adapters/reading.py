"""Reading the local mailbox again, for people at a terminal."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import msgspec

from merx.contexts.notifications.domain.mail import one_line
from merx.kernel.errors import Invalid, NotFound

_ID_LENGTH = 8


class MailNotFound(NotFound):
    slug = "notifications.mail-not-found"
    title = "No such mail"


class AmbiguousMail(Invalid):
    slug = "notifications.ambiguous-mail"
    title = "More than one mail has this id"


class Received(msgspec.Struct, frozen=True):
    """One mail in the folder. All text is safe to print: it moves no cursor and breaks no line."""

    id: str
    at: datetime
    to: str
    subject: str


class MailFolder:
    """The .eml files of a folder, oldest first. A folder that is not there is empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self, limit: int) -> list[Received]:
        """The last `limit` mails, oldest of them first."""
        return [self._received(file) for file in self._files()[-limit:]]

    def open(self, wanted: str) -> tuple[Received, str]:
        """A mail and its plain text, by `last`, by id or by any other part of its file name.

        Raises MailNotFound and AmbiguousMail.
        """
        file = self.find(wanted)
        body = _parse(file.read_bytes()).get_body(("plain",))
        text = body.get_content() if body is not None else ""
        lines = ("".join(char for char in line if char.isprintable()) for line in text.splitlines())
        return self._received(file), "\n".join(lines).rstrip()

    def find(self, wanted: str) -> Path:
        files = self._files()
        if not files:
            raise MailNotFound(f"there is no mail in {self._folder}")
        if wanted == "last":
            return files[-1]
        found = [file for file in files if wanted.lower() in file.name.lower()]
        if not found:
            raise MailNotFound(f"no mail in {self._folder} has {wanted!r} in its name")
        if len(found) > 1:
            raise AmbiguousMail(f"{len(found)} mails have {wanted!r} in their name")
        return found[0]

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*.eml"))

    @staticmethod
    def _received(file: Path) -> Received:
        with file.open("rb") as stream:
            message = _parse(stream.read(64 * 1024))
        when, _, rest = file.stem.partition("-")
        try:
            at = datetime.strptime(when, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)
        except ValueError:
            at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        # The end of an event's id: its start is the time, which mails of one moment share.
        return Received(
            rest[:36].replace("-", "")[-_ID_LENGTH:],
            at,
            one_line(str(message["To"] or "")),
            one_line(str(message["Subject"] or "")),
        )


def _parse(content: bytes) -> EmailMessage:
    # As text: the parser of the standard library reads UTF-8 headers (RFC 6532) no other way.
    message = email.message_from_string(content.decode("utf-8", "replace"), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message
