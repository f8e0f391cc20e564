"""Linked identities, and sign-ins that are with a provider, in PostgreSQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ForeignKey, String, UniqueConstraint, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from merx.contexts.identity.domain.linked_identity import LinkedIdentity
from merx.contexts.identity.domain.provider_errors import IdentityNotFound, IdentityTaken
from merx.contexts.identity.domain.provider_sign_in import ProviderSignIn
from merx.contexts.identity.ports.linked_identities import LinkedIdentityView
from merx.infra.postgres import (
    IDENTIFIER,
    PERSONAL,
    PLAIN,
    SECRET,
    Base,
    PostgresRepository,
    PostgresTx,
    Reader,
    VersionedRow,
    compiled,
    forget_before,
)
from merx.kernel.address import email_key


class LinkedIdentityRow(VersionedRow):
    __tablename__ = "linked_identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"), {"schema": "identity"})

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("identity.account.id", ondelete="CASCADE"), index=True, info=IDENTIFIER
    )
    provider: Mapped[str] = mapped_column(String(40), info=PERSONAL)
    issuer: Mapped[str] = mapped_column(String(255), info=PERSONAL)
    subject: Mapped[str] = mapped_column(String(255), info=PERSONAL)
    email: Mapped[str | None] = mapped_column(String(254), info=PERSONAL)
    linked_at: Mapped[datetime] = mapped_column(info=PERSONAL)
    used_at: Mapped[datetime | None] = mapped_column(info=PERSONAL)


class ProviderSignInRow(Base):
    __tablename__ = "provider_sign_in"
    __table_args__ = {"schema": "identity"}

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    provider: Mapped[str] = mapped_column(String(40), info=PLAIN)
    purpose: Mapped[str] = mapped_column(String(16), info=PLAIN)
    binding: Mapped[str] = mapped_column(String(64), info=SECRET)
    expires_at: Mapped[datetime] = mapped_column(index=True, info=PLAIN)
    account_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("identity.account.id", ondelete="CASCADE"), index=True, info=IDENTIFIER
    )
    credentials_version: Mapped[int] = mapped_column(info=PLAIN)
    issuer: Mapped[str | None] = mapped_column(String(255), info=PERSONAL)
    subject: Mapped[str | None] = mapped_column(String(255), info=PERSONAL)
    email: Mapped[str | None] = mapped_column(String(254), info=PERSONAL)
    email_key: Mapped[str | None] = mapped_column(String(254), info=PERSONAL)
    multi_factor: Mapped[bool] = mapped_column(info=PLAIN)
    proved_at: Mapped[datetime | None] = mapped_column(info=PERSONAL)
    used_at: Mapped[datetime | None] = mapped_column(info=PERSONAL)


_SIGN_IN = ProviderSignInRow.__table__
_CLAIM = compiled(
    insert(ProviderSignInRow)
    .values({name: bindparam(name) for name in ProviderSignIn.__struct_fields__})
    .on_conflict_do_nothing(index_elements=[_SIGN_IN.c.id])
)
_LOCK = compiled(select(_SIGN_IN).where(_SIGN_IN.c.id == bindparam("sign_in_id")).with_for_update())
_CHANGING = (
    "expires_at",
    "account_id",
    "credentials_version",
    "issuer",
    "subject",
    "email",
    "multi_factor",
    "proved_at",
    "used_at",
)
_SAVE = compiled(
    update(ProviderSignInRow)
    .where(ProviderSignInRow.id == bindparam("sign_in_id"))
    .values({name: bindparam(f"new_{name}") for name in (*_CHANGING, "email_key")})
)
_FORGET = forget_before(ProviderSignInRow.expires_at)
_NOTE_USE = compiled(
    update(LinkedIdentityRow).where(LinkedIdentityRow.id == bindparam("identity_id")).values(used_at=bindparam("at"))
)
_OF_ACCOUNT = compiled(
    select(*[getattr(LinkedIdentityRow, name) for name in LinkedIdentityView.__struct_fields__])
    .where(LinkedIdentityRow.account_id == bindparam("account_id"))
    .order_by(LinkedIdentityRow.id)
)


class PostgresLinkedIdentities(PostgresRepository[LinkedIdentity]):
    def __init__(self, tx: PostgresTx) -> None:
        super().__init__(
            LinkedIdentity,
            LinkedIdentityRow,
            tx,
            conflicts={"uq_linked_identity_issuer_subject": IdentityTaken},
            missing=IdentityNotFound,
        )

    async def by_subject(self, issuer: str, subject: str) -> LinkedIdentity | None:
        same = select(LinkedIdentityRow.id).where(
            LinkedIdentityRow.issuer == issuer, LinkedIdentityRow.subject == subject
        )
        found = await self._tx.scalar(same)
        return None if found is None else await self.get(found)

    async def of_account(self, account_id: UUID) -> list[LinkedIdentity]:
        ids = await self._tx.scalars(select(LinkedIdentityRow.id).where(LinkedIdentityRow.account_id == account_id))
        return sorted(await self.find(ids), key=lambda each: each.id)

    async def note_use(self, id: UUID, at: datetime) -> None:
        await self._tx.execute(_NOTE_USE, identity_id=id, at=at)


class PostgresProviderSignIns:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def claim(self, sign_in: ProviderSignIn) -> bool:
        return await self._tx.execute(_CLAIM, **msgspec.structs.asdict(sign_in)) == 1

    async def locked(self, id: UUID) -> ProviderSignIn | None:
        row = await self._tx.fetchrow(_LOCK, sign_in_id=id)
        return None if row is None else msgspec.convert(dict(row), ProviderSignIn)

    async def save(self, sign_in: ProviderSignIn) -> None:
        values: dict[str, Any] = {f"new_{name}": getattr(sign_in, name) for name in _CHANGING}
        key = None if sign_in.email is None else email_key(sign_in.email)
        await self._tx.execute(_SAVE, sign_in_id=sign_in.id, new_email_key=key, **values)

    async def forget(self, before: datetime, limit: int) -> int:
        return await self._tx.execute(_FORGET, before=before, how_many=limit)


class PostgresLinkedIdentityQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def of_account(self, account_id: UUID) -> list[LinkedIdentityView]:
        rows = await self._reader.fetch(_OF_ACCOUNT, account_id=account_id)
        return [LinkedIdentityView(*row) for row in rows]
