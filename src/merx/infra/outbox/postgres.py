"""The outbox on PostgreSQL: events and deliveries enter with the transaction that made them true."""

from collections.abc import Sequence
from uuid import UUID

from merx.infra.outbox.events import Nudge, SubscriberRegistry, nobody, rows_for
from merx.infra.postgres.later import Write
from merx.infra.postgres.uow import PostgresTx
from merx.kernel.model import Event

WRITE = Write("""
    event as (
        insert into platform.outbox_event (id, tag, payload, at)
        select e.id, e.tag, cast(e.payload as jsonb), e.at
          from unnest(
            cast(:event_ids as uuid[]), cast(:tags as text[]), cast(:payloads as text[]), cast(:at as timestamptz[])
        ) as e(id, tag, payload, at)
    ),
    delivery as (
        insert into platform.outbox_delivery (id, event_id, subscriber)
        select * from unnest(
            cast(:delivery_ids as uuid[]), cast(:delivery_event_ids as uuid[]), cast(:subscribers as text[])
        )
    )
""")


class PostgresOutbox:
    def __init__(self, registry: SubscriberRegistry, nudge: Nudge = nobody) -> None:
        self._registry = registry
        self._nudge = nudge

    async def write(self, tx: PostgresTx, events: Sequence[Event]) -> list[UUID]:
        rows = rows_for(events, self._registry)
        tx.later(
            WRITE.filled(
                event_ids=rows.event_ids,
                tags=rows.tags,
                payloads=rows.payloads,
                at=rows.at,
                delivery_ids=rows.delivery_ids,
                delivery_event_ids=rows.delivery_event_ids,
                subscribers=rows.subscribers,
            )
        )
        return rows.delivery_ids

    def nudge(self, deliveries: Sequence[UUID]) -> None:
        self._nudge(deliveries)
