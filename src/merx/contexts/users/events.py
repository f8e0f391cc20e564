"""What others may hear of users."""

from uuid import UUID

from merx.kernel.model import Event


class ProfileChanged(Event, frozen=True, tag="users.profile-changed.v1"):
    """The state after the change."""

    account_id: UUID
    name: str
    locale: str | None = None


class ConsentChanged(Event, frozen=True, tag="users.consent-changed.v1"):
    """`purpose` is one of marketing_email, marketing_sms, marketing_push, personalisation, analytics."""

    account_id: UUID
    purpose: str
    granted: bool
    source: str


class GroupMembershipChanged(Event, frozen=True, tag="users.group-membership-changed.v1"):
    """`member` is the state after the change. Open carts are priced anew, placed orders are not."""

    account_id: UUID
    group_id: UUID
    code: str
    member: bool
