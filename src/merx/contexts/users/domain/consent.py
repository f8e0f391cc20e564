"""What people allow the shop to do with what it knows of them. Each answer is kept; the newest one counts."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec


class Purpose(StrEnum):
    marketing_email = "marketing_email"
    marketing_sms = "marketing_sms"
    marketing_push = "marketing_push"
    personalisation = "personalisation"
    analytics = "analytics"


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """`source` names where the person was asked: `account`, `checkout`, `newsletter-footer`."""

    id: UUID
    account_id: UUID
    purpose: Purpose
    granted: bool
    source: str
    at: datetime
