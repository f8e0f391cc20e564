"""Dead letters of the outbox, as staff sees them."""

from uuid import UUID

import msgspec

from merx.contexts.operations.domain.errors import DeadLetterNotFound
from merx.contexts.operations.ports.dead_letters import DeadLetterDetail, DeadLetterView
from merx.infra.outbox.deliveries import Deliveries
from merx.infra.personal_data.platform import without_people
from merx.kernel.paging import Page, decode_id, page_of


class OutboxDeadLetterQueries:
    def __init__(self, deliveries: Deliveries) -> None:
        self._deliveries = deliveries

    async def page(self, subscriber: str | None, after: str | None, limit: int) -> Page[DeadLetterView]:
        found = await self._deliveries.dead(subscriber, limit + 1, decode_id(after))
        return page_of([msgspec.convert(each, DeadLetterView, from_attributes=True) for each in found], limit)

    async def one(self, letter_id: UUID) -> DeadLetterDetail:
        found = await self._deliveries.letter(letter_id)
        if found is None:
            raise DeadLetterNotFound
        return DeadLetterDetail(
            **msgspec.structs.asdict(found.letter),
            happened_at=found.happened_at,
            payload=None if found.payload is None else without_people(found.payload),
        )
