"""Jobs, dead letters and invariants."""

from datetime import UTC, datetime

from merx.infra.outbox.jobs import JobDue
from merx.infra.outbox.memory import DELIVERIES, EVENTS, StoredDelivery, StoredEvent
from merx.infra.postgres import compiled
from merx.kernel.actor import Actor
from merx.kernel.ids import new_id
from tests.matrix.callers import Caller
from tests.matrix.entry import Entries, Entry, Target, at, sends
from tests.matrix.people import Person
from tests.matrix.shop import GIVEN_UP, Shop

_JOBS, _LETTERS = "/api/v1/scheduler/jobs", "/api/v1/scheduler/dead-letters"
_STEPS_UP = {"differs": {Caller.key: 403}, "because": "people step up for it; a key needs a second scope"}

_GIVEN_UP = compiled(
    "insert into platform.outbox_delivery (id, event_id, subscriber, state)"
    " values (:id, :event_id, :subscriber, 'dead')"
)


def _job(_: Shop, __: Person) -> Target:
    return at(name="platform.prune-outbox")


async def _paused(shop: Shop, person: Person) -> Target:
    await shop.app.contexts.operations.steer_job().pause(Actor.system(), "platform.prune-outbox")
    return _job(shop, person)


async def _letter(shop: Shop, _: Person) -> Target:
    now, event_id, letter_id = datetime.now(UTC), new_id(), new_id()
    if shop.app.in_memory:
        store = shop.app.infra.store()
        store.table(EVENTS)[event_id] = StoredEvent(event_id, JobDue.tag(), "{}", now)
        store.table(DELIVERIES)[letter_id] = StoredDelivery(
            letter_id, event_id, GIVEN_UP, created_at=now, run_after=now, state="dead", last_error="Invalid: never"
        )
    else:
        async with shop.app.contexts.operations.uow() as uow:
            await uow.tx.execute(_GIVEN_UP, id=letter_id, event_id=event_id, subscriber=GIVEN_UP)
            await uow.commit()
    return at(letter_id=letter_id)


ENTRIES: Entries = {
    f"GET {_JOBS}": Entry(),
    f"GET {_JOBS}/{{name}}": Entry(_job),
    f"POST {_JOBS}/{{name}}/run": Entry(_job, **_STEPS_UP),
    f"POST {_JOBS}/{{name}}/pause": Entry(_job, **_STEPS_UP),
    f"POST {_JOBS}/{{name}}/resume": Entry(_paused, **_STEPS_UP),
    f"GET {_LETTERS}": Entry(),
    f"GET {_LETTERS}/{{letter_id}}": Entry(_letter),
    f"POST {_LETTERS}/{{letter_id}}/retry": Entry(_letter, **_STEPS_UP),
    f"POST {_LETTERS}/retry": Entry(sends({"subscriber": GIVEN_UP}), **_STEPS_UP),
    "GET /api/v1/invariants": Entry(),
}
