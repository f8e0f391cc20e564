"""A mail in the form of RFC 5322: what a mail server takes and a mail program opens."""

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime

from merx.contexts.notifications.domain.mail import Mail
from merx.contexts.notifications.ports.mailbox import Undeliverable

# RFC 5321 §4.5.3.1.1; what is not in here is no local part that anybody can have registered.
_LOCAL = re.compile(r"[^\s\x00-\x20\x7f\"(),:;<>@\[\\\]]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")


def as_message(mail: Mail, sender: Address) -> EmailMessage:
    """Plain text with an HTML alternative. Raises Undeliverable for an address that cannot exist."""
    to = recipient(mail.to_address, mail.to_name)
    message = EmailMessage(policy=SMTP if to.addr_spec.isascii() else SMTPUTF8)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.event_id}.{mail.kind}@{sender.domain}>"
    # Keeps vacation notes from answering (RFC 3834 §5).
    message["Auto-Submitted"] = "auto-generated"
    # Seven bits on the wire: the next server need not be able to do more.
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message


def recipient(address: str, name: str) -> Address:
    local, _, domain = address.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        raise Undeliverable from None
    if not _LOCAL.fullmatch(local) or not local.isprintable() or not _DOMAIN.fullmatch(domain):
        raise Undeliverable
    return Address(display_name=name, username=local, domain=domain)


def sender_of(mail_from: str) -> Address:
    """From the setting, `Name <box@host>` or `box@host`. Raises ValueError."""
    name, bracket, rest = mail_from.partition("<")
    address = rest.rpartition(">")[0] if bracket else mail_from
    try:
        return Address(display_name=name.strip().strip('"') if bracket else "", addr_spec=address.strip())
    except (HeaderParseError, IndexError, ValueError) as error:
        raise ValueError(f"MERX_MAIL_FROM is no mail address: {mail_from!r}") from error
