"""Passkeys in PostgreSQL."""

from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec
from sqlalchemy import ARRAY, BigInteger, ForeignKey, LargeBinary, String, Text, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from merx.contexts.identity.domain.errors import PasskeyHeldAlready
from merx.contexts.identity.domain.passkey import Passkey
from merx.infra.postgres import (
    IDENTIFIER,
    PERSONAL,
    PLAIN,
    SECRET,
    Base,
    PostgresTx,
    VersionedRow,
    compiled,
    forget_before,
)

SCHEMA = "identity"


class PasskeyRow(VersionedRow):
    __tablename__ = "passkey"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("identity.account.id", ondelete="CASCADE"), index=True, info=IDENTIFIER
    )
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True, info=SECRET)
    public_key: Mapped[bytes] = mapped_column(LargeBinary, info=SECRET)
    sign_count: Mapped[int] = mapped_column(BigInteger, info=SECRET)
    name: Mapped[str] = mapped_column(String(200), info=PERSONAL)
    aaguid: Mapped[str] = mapped_column(String(36), info=PERSONAL)
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text), info=PERSONAL)
    backed_up: Mapped[bool] = mapped_column(info=PERSONAL)
    created_at: Mapped[datetime] = mapped_column(info=PERSONAL)
    last_used_at: Mapped[datetime | None] = mapped_column(info=PERSONAL)


class SpentChallengeRow(Base):
    __tablename__ = "spent_challenge"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[UUID] = mapped_column(primary_key=True, info=PLAIN)
    expires_at: Mapped[datetime] = mapped_column(index=True, info=PLAIN)


_PASSKEY = PasskeyRow.__table__
_OF = compiled(select(_PASSKEY).where(_PASSKEY.c.account_id == bindparam("of_account")).order_by(_PASSKEY.c.id))
_BY_CREDENTIAL = compiled(select(_PASSKEY).where(_PASSKEY.c.credential_id == bindparam("credential")))
_ADD = compiled(insert(PasskeyRow).values({name: bindparam(name) for name in Passkey.__struct_fields__}))
_USE = compiled(
    """
    update identity.passkey set sign_count = :sign_count, last_used_at = :now
    where id = :passkey_id and (sign_count < :sign_count or (sign_count = 0 and :sign_count = 0))
    """
)
_OWN = (PasskeyRow.id == bindparam("passkey_id"), PasskeyRow.account_id == bindparam("of_account"))
_RENAME = compiled(update(PasskeyRow).where(*_OWN).values(name=bindparam("new_name")))
_REMOVE = compiled(delete(PasskeyRow).where(*_OWN).returning(*_PASSKEY.c))

_SPEND = compiled(
    insert(SpentChallengeRow)
    .values(id=bindparam("challenge_id"), expires_at=bindparam("until"))
    .on_conflict_do_nothing()
)
_FORGET = forget_before(SpentChallengeRow.expires_at)


class PostgresPasskeys:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def of(self, account_id: UUID) -> list[Passkey]:
        return [_passkey(row) for row in await self._tx.fetch(_OF, of_account=account_id)]

    async def by_credential(self, credential_id: bytes) -> Passkey | None:
        row = await self._tx.fetchrow(_BY_CREDENTIAL, credential=credential_id)
        return None if row is None else _passkey(row)

    async def add(self, passkey: Passkey) -> None:
        passkey.version = 1
        try:
            await self._tx.execute(_ADD, **msgspec.structs.asdict(passkey))
        except asyncpg.UniqueViolationError:
            raise PasskeyHeldAlready from None

    async def use(self, id: UUID, sign_count: int, now: datetime) -> bool:
        return await self._tx.execute(_USE, passkey_id=id, sign_count=sign_count, now=now) == 1

    async def rename(self, account_id: UUID, id: UUID, name: str) -> bool:
        return await self._tx.execute(_RENAME, passkey_id=id, of_account=account_id, new_name=name) == 1

    async def remove(self, account_id: UUID, id: UUID) -> Passkey | None:
        row = await self._tx.fetchrow(_REMOVE, passkey_id=id, of_account=account_id)
        return None if row is None else _passkey(row)


class PostgresSpentChallenges:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def spend(self, id: UUID, expires_at: datetime) -> bool:
        return await self._tx.execute(_SPEND, challenge_id=id, until=expires_at) == 1

    async def forget(self, before: datetime, limit: int) -> int:
        return await self._tx.execute(_FORGET, before=before, how_many=limit)


def _passkey(row: asyncpg.Record) -> Passkey:
    return msgspec.convert(dict(row), Passkey)
