"""Second factors in PostgreSQL."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, ForeignKey, LargeBinary, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Mapped, mapped_column

from merx.contexts.identity.domain.second_factors import HeldFactors
from merx.contexts.identity.domain.totp import Totp
from merx.contexts.identity.ports.second_factors import PasskeyView
from merx.infra.postgres import IDENTIFIER, PERSONAL, SECRET, Base, PostgresTx, Reader, compiled

SCHEMA = "identity"


class TotpRow(Base):
    __tablename__ = "totp"
    __table_args__ = {"schema": SCHEMA}

    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("identity.account.id", ondelete="CASCADE"), primary_key=True, info=IDENTIFIER
    )
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary, info=SECRET)
    created_at: Mapped[datetime] = mapped_column(info=PERSONAL)
    confirmed_at: Mapped[datetime | None] = mapped_column(info=PERSONAL)
    last_step: Mapped[int] = mapped_column(BigInteger, info=SECRET)


class RecoveryCodeRow(Base):
    __tablename__ = "recovery_code"
    __table_args__ = {"schema": SCHEMA}

    account_id: Mapped[UUID] = mapped_column(
        ForeignKey("identity.account.id", ondelete="CASCADE"), primary_key=True, info=IDENTIFIER
    )
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True, info=SECRET)
    used_at: Mapped[datetime | None] = mapped_column(info=PERSONAL)


_HELD = compiled(
    """
    select
      exists (select from identity.totp where account_id = :account_id and confirmed_at is not null),
      (select count(*) from identity.passkey where account_id = :account_id),
      (select count(*) from identity.recovery_code where account_id = :account_id and used_at is null)
    """
)
_PASSKEYS = compiled(
    """
    select id, name, backed_up, created_at, last_used_at from identity.passkey
    where account_id = :account_id order by id
    """
)
_TOTP = TotpRow.__table__
_GET_TOTP = compiled(select(_TOTP).where(_TOTP.c.account_id == bindparam("of_account")))
_NEW_TOTP = upsert(TotpRow).values({name: bindparam(name) for name in Totp.__struct_fields__})
_PUT_TOTP = compiled(
    _NEW_TOTP.on_conflict_do_update(
        index_elements=[TotpRow.account_id],
        set_={name: _NEW_TOTP.excluded[name] for name in Totp.__struct_fields__ if name != "account_id"},
    )
)
_USE_STEP = compiled(
    update(TotpRow)
    .where(TotpRow.account_id == bindparam("of_account"), TotpRow.last_step < bindparam("step"))
    .values(last_step=bindparam("step"))
)
_REMOVE_TOTP = compiled(
    "delete from identity.totp where account_id = :account_id returning confirmed_at is not null as confirmed"
)
_REMOVE_CODES = compiled(delete(RecoveryCodeRow).where(RecoveryCodeRow.account_id == bindparam("of_account")))
_ADD_CODES = compiled(
    "insert into identity.recovery_code (account_id, digest) select :account_id, unnest(cast(:digests as bytea[]))"
)
_USE_CODE = compiled(
    update(RecoveryCodeRow)
    .where(
        RecoveryCodeRow.account_id == bindparam("of_account"),
        RecoveryCodeRow.digest == bindparam("given"),
        RecoveryCodeRow.used_at.is_(None),
    )
    .values(used_at=bindparam("now"))
)


class PostgresSecondFactors:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def held(self, account_id: UUID) -> HeldFactors:
        (row,) = await self._tx.fetch(_HELD, account_id=account_id)
        return HeldFactors(*row)

    async def totp(self, account_id: UUID) -> Totp | None:
        row = await self._tx.fetchrow(_GET_TOTP, of_account=account_id)
        return None if row is None else msgspec.convert(dict(row), Totp)

    async def put_totp(self, totp: Totp) -> None:
        await self._tx.execute(_PUT_TOTP, **msgspec.structs.asdict(totp))

    async def use_step(self, account_id: UUID, step: int) -> bool:
        return await self._tx.execute(_USE_STEP, of_account=account_id, step=step) == 1

    async def remove_totp(self, account_id: UUID) -> bool:
        return bool(await self._tx.fetchval(_REMOVE_TOTP, account_id=account_id))

    async def put_recovery_codes(self, account_id: UUID, digests: Iterable[bytes]) -> None:
        await self._tx.execute(_REMOVE_CODES, of_account=account_id)
        await self._tx.execute(_ADD_CODES, account_id=account_id, digests=list(digests))

    async def use_recovery_code(self, account_id: UUID, digest: bytes, now: datetime) -> bool:
        return await self._tx.execute(_USE_CODE, of_account=account_id, given=digest, now=now) == 1


class PostgresFactorQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def held(self, account_id: UUID) -> HeldFactors:
        (row,) = await self._reader.fetch(_HELD, account_id=account_id)
        return HeldFactors(*row)

    async def passkeys(self, account_id: UUID) -> list[PasskeyView]:
        return [PasskeyView(*row) for row in await self._reader.fetch(_PASSKEYS, account_id=account_id)]
