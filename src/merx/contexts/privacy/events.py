"""What others may hear of privacy. The mails about it are made of these."""

from datetime import datetime
from uuid import UUID

from merx.kernel.model import Event


class ExportAsked(Event, frozen=True, tag="privacy.export-asked.v1"):
    """The worker gathers what there is."""

    export_id: UUID


class ExportReady(Event, frozen=True, tag="privacy.export-ready.v1"):
    account_id: UUID
    export_id: UUID
    email: str
    name: str
    expires_at: datetime


class ErasureAsked(Event, frozen=True, tag="privacy.erasure-asked.v1"):
    """`code_id`: the one-time code that confirms it; the mail computes its text."""

    account_id: UUID
    code_id: UUID
    email: str
    name: str


class ErasureScheduled(Event, frozen=True, tag="privacy.erasure-scheduled.v1"):
    """Until `due_at` it can be called off."""

    account_id: UUID
    email: str
    name: str
    due_at: datetime
    by_staff: bool = False


class ErasureCancelled(Event, frozen=True, tag="privacy.erasure-cancelled.v1"):
    account_id: UUID
    email: str
    name: str


class ErasureDue(Event, frozen=True, tag="privacy.erasure-due.v1"):
    """The worker takes the next step."""

    erasure_id: UUID


class ErasureBegun(Event, frozen=True, tag="privacy.erasure-begun.v1"):
    """The account is closed for good; what is known of the person goes within the hour. The last mail to them."""

    account_id: UUID
    email: str
    name: str
