"""One-time codes in PostgreSQL."""

from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, ForeignKey, String, Text, bindparam, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from merx.contexts.identity.domain.one_time_code import CodePurpose, OneTimeCode
from merx.infra.postgres import IDENTIFIER, PERSONAL, PLAIN, Base, PostgresTx, compiled, forget_before

SCHEMA = "identity"


class OneTimeCodeRow(Base):
    __tablename__ = "one_time_code"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("identity.account.id", ondelete="CASCADE"), index=True, info=IDENTIFIER
    )
    purpose: Mapped[str] = mapped_column(String(16), info=PLAIN)
    credentials_version: Mapped[int] = mapped_column(info=PLAIN)
    new_email: Mapped[str | None] = mapped_column(String(254), info=PERSONAL)
    created_at: Mapped[datetime] = mapped_column(info=PLAIN)
    expires_at: Mapped[datetime] = mapped_column(index=True, info=PLAIN)
    used_at: Mapped[datetime | None] = mapped_column(info=PLAIN)
    attempts: Mapped[int] = mapped_column(info=PLAIN)
    methods: Mapped[list[str]] = mapped_column(ARRAY(Text), info=PERSONAL)


_CODE = OneTimeCodeRow.__table__
_ADD_CODE = compiled(insert(OneTimeCodeRow).values({name: bindparam(name) for name in OneTimeCode.__struct_fields__}))
_GET_CODE = compiled(select(_CODE).where(_CODE.c.id == bindparam("code_id")))
_TAKE_CODE = compiled(
    update(OneTimeCodeRow)
    .where(OneTimeCodeRow.id == bindparam("code_id"), OneTimeCodeRow.used_at.is_(None))
    .values(used_at=bindparam("now"))
)
_VOID_CODES = compiled(
    update(OneTimeCodeRow)
    .where(
        OneTimeCodeRow.account_id == bindparam("of_account"),
        OneTimeCodeRow.purpose == bindparam("for_purpose"),
        OneTimeCodeRow.used_at.is_(None),
    )
    .values(used_at=bindparam("now"))
)
_COUNT_ATTEMPT = compiled(
    update(OneTimeCodeRow).where(OneTimeCodeRow.id == bindparam("code_id")).values(attempts=OneTimeCodeRow.attempts + 1)
)
_OPEN_CODES = compiled(
    select(func.count())
    .select_from(OneTimeCodeRow)
    .where(
        OneTimeCodeRow.account_id == bindparam("of_account"),
        OneTimeCodeRow.purpose == bindparam("for_purpose"),
        OneTimeCodeRow.used_at.is_(None),
        OneTimeCodeRow.expires_at > bindparam("now"),
    )
)
_FORGET_CODES = forget_before(OneTimeCodeRow.expires_at)


class PostgresCodes:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def add(self, code: OneTimeCode) -> None:
        await self._tx.execute(_ADD_CODE, **msgspec.structs.asdict(code))

    async def get(self, id: UUID) -> OneTimeCode | None:
        row = await self._tx.fetchrow(_GET_CODE, code_id=id)
        return None if row is None else msgspec.convert(dict(row), OneTimeCode)

    async def take(self, id: UUID, now: datetime) -> bool:
        return await self._tx.execute(_TAKE_CODE, code_id=id, now=now) == 1

    async def void(self, account_id: UUID, purpose: CodePurpose, now: datetime) -> None:
        await self._tx.execute(_VOID_CODES, of_account=account_id, for_purpose=purpose.value, now=now)

    async def count_attempt(self, id: UUID) -> None:
        await self._tx.execute(_COUNT_ATTEMPT, code_id=id)

    async def open(self, account_id: UUID, purpose: CodePurpose, now: datetime) -> int:
        (row,) = await self._tx.fetch(_OPEN_CODES, of_account=account_id, for_purpose=purpose.value, now=now)
        return int(row[0])

    async def forget(self, before: datetime, limit: int) -> int:
        return await self._tx.execute(_FORGET_CODES, before=before, how_many=limit)
