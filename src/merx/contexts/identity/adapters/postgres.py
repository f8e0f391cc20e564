"""Accounts and sessions in PostgreSQL."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, ForeignKey, LargeBinary, String, Text, bindparam, insert, select, update
from sqlalchemy import Uuid as UuidType
from sqlalchemy.orm import Mapped, mapped_column

from merx.contexts.identity.adapters.postgres_api_keys import PostgresApiKeys
from merx.contexts.identity.adapters.postgres_codes import PostgresCodes
from merx.contexts.identity.adapters.postgres_factors import PostgresSecondFactors
from merx.contexts.identity.adapters.postgres_identities import PostgresLinkedIdentities, PostgresProviderSignIns
from merx.contexts.identity.adapters.postgres_invitations import PostgresInvitations
from merx.contexts.identity.adapters.postgres_passkeys import PostgresPasskeys, PostgresSpentChallenges
from merx.contexts.identity.adapters.postgres_roles import PostgresRoles
from merx.contexts.identity.domain.account import Account, AccountKind, AccountStatus
from merx.contexts.identity.domain.errors import AccountNotFound, EmailTaken
from merx.contexts.identity.domain.session import EndReason, Session
from merx.contexts.identity.ports.queries import MAX_SESSIONS, Credentials, Profile, SessionSummary
from merx.infra.postgres import (
    IDENTIFIER,
    PERSONAL,
    PLAIN,
    SECRET,
    Base,
    PostgresRepository,
    PostgresTx,
    PostgresUow,
    Reader,
    VersionedRow,
    compiled,
    forget_before,
)

SCHEMA = "identity"


class AccountRow(VersionedRow):
    __tablename__ = "account"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    email: Mapped[str] = mapped_column(String(254), info=PERSONAL)
    email_key: Mapped[str] = mapped_column(String(254), unique=True, info=PERSONAL)
    name: Mapped[str] = mapped_column(String(200), info=PERSONAL)
    kind: Mapped[str] = mapped_column(String(16), index=True, info=PLAIN)
    role_ids: Mapped[list[UUID]] = mapped_column(ARRAY(UuidType), info=PLAIN)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text), info=PLAIN)
    password_hash: Mapped[str | None] = mapped_column(String(200), info=SECRET)
    status: Mapped[str] = mapped_column(String(16), info=PLAIN)
    created_at: Mapped[datetime] = mapped_column(info=PLAIN)
    email_verified_at: Mapped[datetime | None] = mapped_column(info=PERSONAL)
    credentials_version: Mapped[int] = mapped_column(info=PLAIN)


class SessionRow(Base):
    __tablename__ = "session"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    account_id: Mapped[UUID] = mapped_column(ForeignKey(AccountRow.id, ondelete="CASCADE"), index=True, info=IDENTIFIER)
    generation: Mapped[int] = mapped_column(info=PLAIN)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, info=SECRET)
    user_agent: Mapped[str] = mapped_column(String(200), info=PERSONAL)
    created_at: Mapped[datetime] = mapped_column(info=PERSONAL)
    used_at: Mapped[datetime] = mapped_column(info=PERSONAL)
    expires_at: Mapped[datetime] = mapped_column(index=True, info=PERSONAL)
    ended_at: Mapped[datetime | None] = mapped_column(info=PERSONAL)
    end_reason: Mapped[str | None] = mapped_column(String(16), info=PERSONAL)
    methods: Mapped[list[str]] = mapped_column(ARRAY(Text), info=PERSONAL)
    proved_at: Mapped[datetime] = mapped_column(info=PERSONAL)


_SESSION = SessionRow.__table__
_ACCOUNT = AccountRow.__table__
_LOCK_ACCOUNT = compiled(select(_ACCOUNT).where(_ACCOUNT.c.id == bindparam("account_id")).with_for_update())
_EMAIL_TAKEN = compiled("select exists (select from identity.account where email_key = :email_key)")
_HOLDERS = compiled(
    "select id from identity.account where kind = 'staff' and role_ids @> array[cast(:role_id as uuid)] order by id"
)
_LOCK_SESSION = compiled(select(_SESSION).where(_SESSION.c.id == bindparam("session_id")).with_for_update())
_ADD_SESSION = compiled(insert(SessionRow).values({name: bindparam(name) for name in Session.__struct_fields__}))
_CHANGING = ("generation", "token_hash", "used_at", "expires_at", "ended_at", "end_reason", "methods", "proved_at")
_SAVE_SESSION = compiled(
    update(SessionRow)
    .where(SessionRow.id == bindparam("session_id"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGING})
)
_END_SESSIONS = compiled(
    update(SessionRow)
    .where(
        SessionRow.account_id == bindparam("of_account"),
        SessionRow.ended_at.is_(None),
        SessionRow.id.is_distinct_from(bindparam("kept")),
    )
    .values(ended_at=bindparam("now"), end_reason=bindparam("reason"))
)
_FORGET_SESSIONS = forget_before(SessionRow.expires_at)


class PostgresAccounts(PostgresRepository[Account]):
    def __init__(self, tx: PostgresTx) -> None:
        super().__init__(
            Account,
            AccountRow,
            tx,
            conflicts={"uq_account_email_key": EmailTaken},
            missing=AccountNotFound,
        )

    async def locked(self, id: UUID) -> Account:
        row = await self._tx.fetchrow(_LOCK_ACCOUNT, account_id=id)
        if row is None:
            raise AccountNotFound
        # Most who lock an account only look at it; whoever saves it pays for the row then.
        return msgspec.convert(dict(row), Account)

    async def by_email(self, email_key: str) -> Account | None:
        found = await self._tx.scalar(select(AccountRow.id).where(AccountRow.email_key == email_key))
        return None if found is None else await self.get(found)

    async def email_taken(self, email_key: str) -> bool:
        return bool(await self._tx.fetchval(_EMAIL_TAKEN, email_key=email_key))

    async def holders(self, role_id: UUID) -> list[Account]:
        return await self.find([row[0] for row in await self._tx.fetch(_HOLDERS, role_id=role_id)])


class PostgresSessions:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def add(self, session: Session) -> None:
        await self._tx.execute(_ADD_SESSION, **msgspec.structs.asdict(session))

    async def locked(self, id: UUID) -> Session | None:
        row = await self._tx.fetchrow(_LOCK_SESSION, session_id=id)
        return None if row is None else msgspec.convert(dict(row), Session)

    async def save(self, session: Session) -> None:
        values: dict[str, Any] = {f"new_{name}": getattr(session, name) for name in _CHANGING}
        await self._tx.execute(_SAVE_SESSION, session_id=session.id, **values)

    async def end_all(self, account_id: UUID, reason: EndReason, now: datetime, kept: UUID | None = None) -> int:
        return await self._tx.execute(_END_SESSIONS, of_account=account_id, reason=reason.value, now=now, kept=kept)

    async def forget(self, before: datetime, limit: int) -> int:
        return await self._tx.execute(_FORGET_SESSIONS, before=before, how_many=limit)


class PostgresIdentityUow(PostgresUow):
    def open(self, tx: PostgresTx) -> None:
        self.accounts = PostgresAccounts(tx)
        self.sessions = PostgresSessions(tx)
        self.codes = PostgresCodes(tx)
        self.api_keys = PostgresApiKeys(tx)
        self.roles = PostgresRoles(tx)
        self.invitations = PostgresInvitations(tx)
        self.factors = PostgresSecondFactors(tx)
        self.passkeys = PostgresPasskeys(tx)
        self.challenges = PostgresSpentChallenges(tx)
        self.linked_identities = PostgresLinkedIdentities(tx)
        self.provider_sign_ins = PostgresProviderSignIns(tx)


# What the account holds by itself, and what its roles give.
_PROFILE = """
    select account.id, account.email, account.name, account.kind, account.permissions || coalesce((
        select array_agg(given.text) from identity.role role, unnest(role.grants) given (text)
        where role.id = any(account.role_ids)
    ), '{}'), account.email_verified_at is not null
    from identity.account account where account.status = 'active'
"""
_PROFILE_OF = compiled(_PROFILE + " and account.id = :account_id")
_FIRST_STAFF = compiled(_PROFILE + " and account.kind = 'staff' order by account.id limit 1")
_CREDENTIALS = compiled(
    select(AccountRow.id, AccountRow.kind, AccountRow.status, AccountRow.permissions, AccountRow.password_hash).where(
        AccountRow.email_key == bindparam("email_key")
    )
)
_GOES_ON = compiled(
    """
    select exists (select from identity.session where id = :session_id and account_id = :account_id
                      and ended_at is null and expires_at > cast(:now as timestamptz))
    """
)
_SESSIONS_OF = compiled(
    select(
        SessionRow.id,
        SessionRow.user_agent,
        SessionRow.created_at,
        SessionRow.used_at,
        SessionRow.expires_at,
        SessionRow.methods,
    )
    .where(
        SessionRow.account_id == bindparam("account_id"),
        SessionRow.ended_at.is_(None),
        SessionRow.expires_at > bindparam("now"),
    )
    .order_by(SessionRow.used_at.desc(), SessionRow.id.desc())
    .limit(MAX_SESSIONS)
)


class PostgresIdentityQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def credentials(self, email_key: str) -> Credentials | None:
        row = await self._reader.fetchrow(_CREDENTIALS, email_key=email_key)
        if row is None:
            return None
        id_, kind, status, permissions, password_hash = row
        return Credentials(id_, AccountKind(kind), AccountStatus(status), tuple(permissions), password_hash)

    async def profile(self, account_id: UUID) -> Profile | None:
        return _profile(await self._reader.fetchrow(_PROFILE_OF, account_id=account_id))

    async def first_staff(self) -> Profile | None:
        return _profile(await self._reader.fetchrow(_FIRST_STAFF))

    async def goes_on(self, session_id: UUID, account_id: UUID, now: datetime) -> bool:
        return bool(await self._reader.fetchval(_GOES_ON, session_id=session_id, account_id=account_id, now=now))

    async def sessions(self, account_id: UUID, now: datetime) -> list[SessionSummary]:
        rows = await self._reader.fetch(_SESSIONS_OF, account_id=account_id, now=now)
        return [
            SessionSummary(id_, device, created_at, used_at, expires_at, tuple(methods))
            for id_, device, created_at, used_at, expires_at, methods in rows
        ]


def _profile(row: Any) -> Profile | None:
    if row is None:
        return None
    id_, email, name, kind, permissions, verified = row
    return Profile(id_, email, name, AccountKind(kind), tuple(sorted(set(permissions))), verified)
