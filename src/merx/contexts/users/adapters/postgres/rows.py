"""Tables of the schema `users`."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from merx.infra.postgres import IDENTIFIER, PERSONAL, PLAIN, Base, VersionedRow, as_json
from merx.kernel.address import Address
from merx.kernel.text import LONGEST_SEARCH_KEY

SCHEMA = "users"
# Compared byte by byte, as in memory: a prefix is found by the index, and a page ends where the next one begins.
KEY_ORDER = "C"


class ProfileRow(VersionedRow):
    __tablename__ = "profile"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    email: Mapped[str] = mapped_column(String(254), info=PERSONAL)
    email_key: Mapped[str] = mapped_column(String(LONGEST_SEARCH_KEY, collation=KEY_ORDER), info=PERSONAL)
    name: Mapped[str] = mapped_column(String(200), info=PERSONAL)
    name_key: Mapped[str] = mapped_column(String(LONGEST_SEARCH_KEY, collation=KEY_ORDER), info=PERSONAL)
    kind: Mapped[str] = mapped_column(String(16), info=PLAIN)
    phone: Mapped[str] = mapped_column(String(16), info=PERSONAL)
    locale: Mapped[str | None] = mapped_column(String(35), info=PERSONAL)
    birthday: Mapped[date | None] = mapped_column(info=PERSONAL)
    registered_at: Mapped[datetime] = mapped_column(info=PERSONAL)


Index("ix_profile_email_key_id", ProfileRow.email_key, ProfileRow.id)
Index("ix_profile_name_key_id", ProfileRow.name_key, ProfileRow.id)


class ConsentRow(Base):
    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_account_id_purpose_id", "account_id", "purpose", "id"), {"schema": SCHEMA})

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    # No foreign key: proof of a consent outlives the profile.
    account_id: Mapped[UUID] = mapped_column(info=IDENTIFIER)
    purpose: Mapped[str] = mapped_column(String(32), info=PLAIN)
    granted: Mapped[bool] = mapped_column(info=PLAIN)
    source: Mapped[str] = mapped_column(String(64), info=PLAIN)
    at: Mapped[datetime] = mapped_column(info=PLAIN)


class CustomerGroupRow(VersionedRow):
    __tablename__ = "customer_group"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    code: Mapped[str] = mapped_column(String(200), unique=True, info=PLAIN)
    name: Mapped[str] = mapped_column(String(200), info=PLAIN)
    description: Mapped[str] = mapped_column(Text, info=PLAIN)
    created_at: Mapped[datetime] = mapped_column(info=PLAIN)


class GroupMemberRow(Base):
    __tablename__ = "group_member"
    __table_args__ = (Index("ix_group_member_account_id", "account_id"), {"schema": SCHEMA})

    group_id: Mapped[UUID] = mapped_column(ForeignKey(CustomerGroupRow.id), primary_key=True, info=IDENTIFIER)
    account_id: Mapped[UUID] = mapped_column(
        ForeignKey(ProfileRow.id, ondelete="CASCADE"), primary_key=True, info=IDENTIFIER
    )
    joined_at: Mapped[datetime] = mapped_column(info=PLAIN)


class TimelineRow(Base):
    """No foreign key: news of an order may come before the news of its customer."""

    __tablename__ = "timeline"
    __table_args__ = (Index("ix_timeline_account_id_id", "account_id", "id"), {"schema": SCHEMA})

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    account_id: Mapped[UUID] = mapped_column(info=IDENTIFIER)
    at: Mapped[datetime] = mapped_column(info=PERSONAL)
    kind: Mapped[str] = mapped_column(String(32), info=PERSONAL)
    detail: Mapped[str] = mapped_column(Text, info=PERSONAL)
    subject_id: Mapped[UUID | None] = mapped_column(info=IDENTIFIER)


class SavedAddressRow(VersionedRow):
    __tablename__ = "address"
    __table_args__ = (
        Index("ix_address_account_id_id", "account_id", "id"),
        Index("uq_address_default_shipping", "account_id", unique=True, postgresql_where=text("default_shipping")),
        Index("uq_address_default_billing", "account_id", unique=True, postgresql_where=text("default_billing")),
        {"schema": SCHEMA},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    account_id: Mapped[UUID] = mapped_column(ForeignKey(ProfileRow.id, ondelete="CASCADE"), info=IDENTIFIER)
    label: Mapped[str] = mapped_column(String(60), info=PERSONAL)
    address: Mapped[Address] = as_json(Address, info=PERSONAL)
    default_shipping: Mapped[bool] = mapped_column(info=PLAIN)
    default_billing: Mapped[bool] = mapped_column(info=PLAIN)
    created_at: Mapped[datetime] = mapped_column(info=PLAIN)
