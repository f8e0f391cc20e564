"""A mail before it is put into the form of any protocol."""

import hashlib
import unicodedata
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from merx.kernel.address import email_key

CHANNEL = "mail"
# Formatting characters that words need: the joiners of Indic and Arabic scripts and of emoji.
_JOINERS = "\u200c\u200d"


class MailKind(StrEnum):
    order_placed = "order-placed"
    order_shipped = "order-shipped"
    order_cancelled = "order-cancelled"
    welcome = "welcome"
    registration_repeated = "registration-repeated"
    session_ended = "session-ended"
    verify_email = "verify-email"
    reset_password = "reset-password"  # noqa: S105 - the name of a mail, no secret
    password_changed = "password-changed"  # noqa: S105 - the name of a mail, no secret
    email_change_announced = "email-change-announced"
    change_email = "change-email"
    email_changed = "email-changed"
    staff_invited = "staff-invited"
    factor_added = "factor-added"
    factor_removed = "factor-removed"
    recovery_codes_made = "recovery-codes-made"
    recovery_code_used = "recovery-code-used"
    second_factor_guessed = "second-factor-guessed"
    passkey_copied = "passkey-copied"
    identity_linked = "identity-linked"
    identity_unlinked = "identity-unlinked"
    export_ready = "export-ready"
    confirm_erasure = "confirm-erasure"
    erasure_scheduled = "erasure-scheduled"
    erasure_cancelled = "erasure-cancelled"
    account_closed = "account-closed"


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """`at` and `event_id` are those of the event it tells of: the same event always makes the same mail."""

    kind: MailKind
    event_id: UUID
    at: datetime
    to_address: str
    to_name: str
    subject: str
    text: str
    html: str

    def __repr__(self) -> str:
        return f"Mail({self.kind}, {self.event_id})"


def one_line(text: str, limit: int = 200) -> str:
    """Text as it may stand in a header or a table cell: nothing that breaks a line or hides what follows."""
    kept = (char if char in _JOINERS or unicodedata.category(char)[0] not in "CZ" else " " for char in text)
    return " ".join("".join(kept).split())[:limit]


def recipient_hash(address: str) -> str:
    """Finds the mails of a known address again without keeping the address."""
    return hashlib.sha256(email_key(address).encode("utf-8", "surrogatepass")).hexdigest()[:32]
