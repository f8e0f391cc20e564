"""What others may hear of users."""

from uuid import UUID

from merx.kernel.model import Event


class ProfileChanged(Event, frozen=True, tag="users.profile-changed.v1"):
    """The state after the change."""

    account_id: UUID
    name: str
    locale: str | None = None
