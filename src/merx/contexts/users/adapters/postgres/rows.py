"""Tables of the schema `users`."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from merx.infra.postgres import Base, VersionedRow, as_json
from merx.kernel.address import Address

SCHEMA = "users"
# Compared byte by byte, as in memory: a prefix is found by the index, and a page ends where the next one begins.
KEY_ORDER = "C"


class ProfileRow(VersionedRow):
    __tablename__ = "profile"
    __table_args__ = {"schema": SCHEMA}

    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254, collation=KEY_ORDER))
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(400, collation=KEY_ORDER))
    kind: Mapped[str] = mapped_column(String(16))
    phone: Mapped[str] = mapped_column(String(16))
    locale: Mapped[str | None] = mapped_column(String(35))
    birthday: Mapped[date | None]
    registered_at: Mapped[datetime]


Index("ix_profile_email_key_id", ProfileRow.email_key, ProfileRow.id)
Index("ix_profile_name_key_id", ProfileRow.name_key, ProfileRow.id)


class ConsentRow(Base):
    __tablename__ = "consent"
    __table_args__ = (Index("ix_consent_account_id_purpose_id", "account_id", "purpose", "id"), {"schema": SCHEMA})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    # No foreign key: proof of a consent outlives the profile.
    account_id: Mapped[UUID]
    purpose: Mapped[str] = mapped_column(String(32))
    granted: Mapped[bool]
    source: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class CustomerGroupRow(VersionedRow):
    __tablename__ = "customer_group"
    __table_args__ = {"schema": SCHEMA}

    code: Mapped[str] = mapped_column(String(200), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class GroupMemberRow(Base):
    __tablename__ = "group_member"
    __table_args__ = (Index("ix_group_member_account_id", "account_id"), {"schema": SCHEMA})

    group_id: Mapped[UUID] = mapped_column(ForeignKey(CustomerGroupRow.id), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey(ProfileRow.id, ondelete="CASCADE"), primary_key=True)
    joined_at: Mapped[datetime]


class TimelineRow(Base):
    """No foreign key: news of an order may come before the news of its customer."""

    __tablename__ = "timeline"
    __table_args__ = (Index("ix_timeline_account_id_id", "account_id", "id"), {"schema": SCHEMA})

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID]
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[UUID | None]


class SavedAddressRow(VersionedRow):
    __tablename__ = "address"
    __table_args__ = (
        Index("ix_address_account_id_id", "account_id", "id"),
        Index("uq_address_default_shipping", "account_id", unique=True, postgresql_where=text("default_shipping")),
        Index("uq_address_default_billing", "account_id", unique=True, postgresql_where=text("default_billing")),
        {"schema": SCHEMA},
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey(ProfileRow.id, ondelete="CASCADE"))
    label: Mapped[str] = mapped_column(String(60))
    address: Mapped[Address] = as_json(Address)
    default_shipping: Mapped[bool]
    default_billing: Mapped[bool]
    created_at: Mapped[datetime]
