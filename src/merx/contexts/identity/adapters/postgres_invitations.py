"""Invitations in PostgreSQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Index, Integer, String, bindparam, select, text
from sqlalchemy import Uuid as UuidType
from sqlalchemy.orm import Mapped, mapped_column

from merx.contexts.identity.adapters.postgres_roles import ROLE_NAMES, role_names
from merx.contexts.identity.domain.errors import AlreadyInvited, InvitationNotFound
from merx.contexts.identity.domain.invitation import Invitation, state_of
from merx.contexts.identity.ports.invitations import InvitationView
from merx.infra.postgres import (
    IDENTIFIER,
    PERSONAL,
    PLAIN,
    PostgresRepository,
    PostgresTx,
    Reader,
    VersionedRow,
    compiled,
    forget_before,
)
from merx.kernel.paging import Page, decode_id, page_of


class InvitationRow(VersionedRow):
    __tablename__ = "invitation"

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    email: Mapped[str] = mapped_column(String(254), info=PERSONAL)
    email_key: Mapped[str] = mapped_column(String(254), info=PERSONAL)
    role_ids: Mapped[list[UUID]] = mapped_column(ARRAY(UuidType), info=PLAIN)
    code_id: Mapped[UUID] = mapped_column(UuidType, unique=True, info=IDENTIFIER)
    invited_by: Mapped[UUID] = mapped_column(UuidType, info=IDENTIFIER)
    created_at: Mapped[datetime] = mapped_column(info=PLAIN)
    sent_at: Mapped[datetime] = mapped_column(info=PLAIN)
    sendings: Mapped[int] = mapped_column(Integer, info=PLAIN)
    expires_at: Mapped[datetime] = mapped_column(index=True, info=PLAIN)
    accepted_at: Mapped[datetime | None] = mapped_column(info=PLAIN)
    withdrawn_at: Mapped[datetime | None] = mapped_column(info=PLAIN)
    account_id: Mapped[UUID | None] = mapped_column(UuidType, info=IDENTIFIER)

    __table_args__ = (
        Index(
            "uq_invitation_pending",
            "email_key",
            unique=True,
            postgresql_where=text("accepted_at is null and withdrawn_at is null"),
        ),
        {"schema": "identity"},
    )


_PENDING = (InvitationRow.accepted_at.is_(None), InvitationRow.withdrawn_at.is_(None))
_TO = compiled(select(InvitationRow.id).where(InvitationRow.email_key == bindparam("email_key"), *_PENDING))
_BY_CODE = compiled(select(InvitationRow.id).where(InvitationRow.code_id == bindparam("code_id")))
_WITH_ROLE = compiled(
    """
    select exists (
        select from identity.invitation
        where accepted_at is null and withdrawn_at is null and expires_at > :now
            and role_ids @> array[cast(:role_id as uuid)]
    )
    """
)
_FORGET = forget_before(InvitationRow.expires_at)


class PostgresInvitations(PostgresRepository[Invitation]):
    def __init__(self, tx: PostgresTx) -> None:
        super().__init__(
            Invitation,
            InvitationRow,
            tx,
            conflicts={"uq_invitation_pending": AlreadyInvited},
            missing=InvitationNotFound,
        )

    async def pending_to(self, email_key: str) -> Invitation | None:
        found = await self._tx.fetchval(_TO, email_key=email_key)
        return None if found is None else await self.get(found)

    async def by_code(self, code_id: UUID) -> Invitation | None:
        found = await self._tx.fetchval(_BY_CODE, code_id=code_id)
        return None if found is None else await self.get(found)

    async def pending_with(self, role_id: UUID, now: datetime) -> bool:
        return bool(await self._tx.fetchval(_WITH_ROLE, role_id=role_id, now=now))

    async def forget(self, before: datetime, limit: int) -> int:
        return await self._tx.execute(_FORGET, before=before, how_many=limit)


_VIEW = f"""
    select held.id, held.email, held.accepted_at, held.withdrawn_at, {ROLE_NAMES}, held.invited_by, held.created_at,
        held.sent_at, held.sendings, held.expires_at, held.account_id
    from identity.invitation held
"""  # noqa: S608 - fixed text
_PAGE = compiled(
    _VIEW
    + " where cast(:after as uuid) is null or held.id < cast(:after as uuid)"
    + " order by held.id desc limit cast(:rows as int)"
)
_ONE = compiled(_VIEW + " where held.id = :invitation_id")


class PostgresInvitationQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, now: datetime, limit: int, after: str | None) -> Page[InvitationView]:
        rows = await self._reader.fetch(_PAGE, after=decode_id(after), rows=limit + 1)
        return page_of([_view(row, now) for row in rows], limit)

    async def one(self, now: datetime, invitation_id: UUID) -> InvitationView:
        row = await self._reader.fetchrow(_ONE, invitation_id=invitation_id)
        if row is None:
            raise InvitationNotFound
        return _view(row, now)


def _view(row: Any, now: datetime) -> InvitationView:
    id_, email, accepted, withdrawn, roles, by, created_at, sent_at, sendings, expires_at, account_id = row
    return InvitationView(
        id_,
        email,
        state_of(accepted, withdrawn, expires_at, now),
        role_names(roles),
        by,
        created_at,
        sent_at,
        sendings,
        expires_at,
        account_id,
    )
