"""What was sent, in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, String, and_, any_, bindparam, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from merx.contexts.notifications.domain.message import Message, MessageState
from merx.infra.postgres import IDENTIFIER, PERSONAL, PLAIN, Base, PostgresTx, PostgresUow, compiled, forget_before

SCHEMA = "notifications"


class MessageRow(Base):
    __tablename__ = "message"
    __table_args__ = {"schema": SCHEMA}

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    dedupe_key: Mapped[str] = mapped_column(String(160), unique=True, info=PERSONAL)
    kind: Mapped[str] = mapped_column(String(64), info=PLAIN)
    channel: Mapped[str] = mapped_column(String(16), info=PLAIN)
    event_id: Mapped[UUID] = mapped_column(index=True, info=IDENTIFIER)
    recipient_hash: Mapped[str] = mapped_column(String(32), index=True, info=PERSONAL)
    account_id: Mapped[UUID | None] = mapped_column(index=True, info=IDENTIFIER)
    state: Mapped[str] = mapped_column(String(16), info=PLAIN)
    attempts: Mapped[int] = mapped_column(info=PLAIN)
    created_at: Mapped[datetime] = mapped_column(info=PLAIN)
    changed_at: Mapped[datetime] = mapped_column(info=PLAIN)
    last_error: Mapped[str | None] = mapped_column(String(100), info=PLAIN)


_MESSAGE = MessageRow.__table__
_SENT = MessageState.sent.value
_INSERT = insert(MessageRow).values({name: bindparam(name) for name in Message.__struct_fields__})
_QUEUE = compiled(
    _INSERT.on_conflict_do_update(
        index_elements=[MessageRow.dedupe_key],
        set_={
            "event_id": _INSERT.excluded.event_id,
            "state": MessageState.queued.value,
            "attempts": MessageRow.attempts + 1,
            "changed_at": _INSERT.excluded.changed_at,
            "last_error": None,
        },
        where=or_(
            MessageRow.state == MessageState.failed.value,
            and_(MessageRow.state == MessageState.queued.value, MessageRow.event_id == _INSERT.excluded.event_id),
        ),
    )
)
_SETTLE = compiled(
    update(MessageRow)
    .where(MessageRow.dedupe_key == bindparam("key"), MessageRow.state != _SENT)
    .values(state=bindparam("new_state"), changed_at=bindparam("now"), last_error=bindparam("error"))
)
_EVENTS_OF = compiled(
    select(MessageRow.event_id).where(
        or_(
            MessageRow.account_id == bindparam("account_id"),
            MessageRow.recipient_hash == any_(bindparam("recipients", type_=ARRAY(String))),
        )
    )
)
_FORGET = forget_before(MessageRow.changed_at)
_OF = compiled(select(_MESSAGE).where(_MESSAGE.c.dedupe_key == bindparam("key")))


class PostgresMessages:
    def __init__(self, tx: PostgresTx) -> None:
        self._tx = tx

    async def queue(self, message: Message) -> bool:
        return await self._tx.execute(_QUEUE, **msgspec.structs.asdict(message)) == 1

    async def settle(self, dedupe_key: str, state: MessageState, now: datetime, error: str | None) -> None:
        await self._tx.execute(_SETTLE, key=dedupe_key, new_state=state, now=now, error=error)

    async def of(self, dedupe_key: str) -> Message | None:
        row = await self._tx.fetchrow(_OF, key=dedupe_key)
        return None if row is None else msgspec.convert(dict(row), Message)

    async def events_of(self, account_id: UUID, recipients: Sequence[str]) -> set[UUID]:
        rows = await self._tx.fetch(_EVENTS_OF, account_id=account_id, recipients=list(recipients))
        return {row[0] for row in rows}

    async def forget(self, before: datetime, limit: int) -> int:
        return await self._tx.execute(_FORGET, before=before, how_many=limit)


class PostgresNotificationsUow(PostgresUow):
    def open(self, tx: PostgresTx) -> None:
        self.messages = PostgresMessages(tx)
