"""What the platform's own tables hold of people: news on its way, and answers kept for a day."""

import re
from collections.abc import Callable
from string import ascii_lowercase, ascii_uppercase
from typing import Any

import msgspec

from merx.infra.approvals.rows import ApprovalRow
from merx.infra.idempotency.answers import MemoryAnswers
from merx.infra.idempotency.memory import KEYS
from merx.infra.idempotency.tables import IDEMPOTENCY_KEY
from merx.infra.memory import MemoryTable, MemoryUow
from merx.infra.outbox.memory import DELIVERIES, EVENTS, StoredDelivery, StoredEvent
from merx.infra.outbox.tables import OUTBOX_DELIVERY, OUTBOX_EVENT
from merx.infra.personal_data.postgres import PostgresPersonalData
from merx.infra.personal_data.tables import TableData
from merx.infra.postgres import PostgresUow, compiled
from merx.kernel.address import email_key
from merx.kernel.errors import Unavailable
from merx.kernel.personal_data import Section, Subject

NAME = "platform"
# Of events about a person, what tells who it is; everything else are ids, amounts and goods. An event stays readable
# for whoever still hears it. A test fails for a field of text in an event that stands neither here nor there.
BLANKS: dict[str, Any] = {
    "email": "erased@erased.invalid",
    "new_email": "erased@erased.invalid",
    "name": "erased",
    "label": "",
    "reason": "",
    "tracking_number": "",
}
# Text in events that tells nothing of who a person is: staff that looks after dead letters may read it.
PLAIN_TEXT = frozenset(
    "type id kind purpose number shipping_name payment_method carrier source code locale slug sku subscriber job"
    " product_name currency status state provider".split()
)
_HIDDEN = "***"
_ERASED_ADDRESS = {"name": "erased", "line1": "erased", "city": "erased"}

# An id or a moment, by its form.
_TELLS_NOBODY = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,15}(Z|\+00:00)|"
)


def _folded(field: str) -> str:
    """An e-mail of an event. Small letters are made of ASCII letters alone: for others PostgreSQL has its own rules."""
    return f"translate(payload->>'{field}', '{ascii_uppercase}', '{ascii_lowercase}')"


_ABOUT = f"""(
    payload->>'account_id' = cast(cast(:account_id as uuid) as text)
    or payload->>'customer_id' = cast(cast(:account_id as uuid) as text)
    or payload->>'order_id' = any(cast(cast(:order_ids as uuid[]) as text[]))
    or {_folded("email")} = any(cast(:emails as text[]))
    or {_folded("new_email")} = any(cast(:emails as text[]))
)"""
_BLANKED = f"""(
    select payload || coalesce(jsonb_object_agg(blank.key, blank.value), '{{}}')
    from jsonb_each(jsonb_build_object(
        {", ".join(f"'{key}', '{value}'" for key, value in BLANKS.items())},
        'address', jsonb_build_object('name', 'erased', 'line1', 'erased', 'city', 'erased',
            'country', payload#>>'{{address,country}}', 'region', coalesce(payload#>>'{{address,region}}', ''))
    )) blank where payload ? blank.key
)"""  # noqa: S608 - fixed text

TABLES = (
    TableData(
        table=str(ApprovalRow.__table__),
        because="who asked and who agreed is kept with what was changed, like the audit trail: by ids of staff",
    ),
    TableData(
        table=OUTBOX_DELIVERY.fullname,
        owner=f"event_id in (select id from platform.outbox_event where {_ABOUT})",  # noqa: S608 - fixed text
        erase="blank",
        blank={"last_error": "null", "lease_token": "null"},
        because="removed seven days after it was done; one that failed stays until somebody has looked at it",
    ),
    TableData(
        table=OUTBOX_EVENT.fullname,
        owner=_ABOUT,
        erase="blank",
        blank={"payload": _BLANKED},
        because="removed with its last delivery",
    ),
    TableData(
        table=IDEMPOTENCY_KEY.fullname,
        # Until this version checkout kept its answers under the id alone.
        owner="principal in ('customer:' || cast(:account_id as uuid), cast(cast(:account_id as uuid) as text))"
        " or principal in (select 'cart:' || id from unnest(cast(:cart_ids as uuid[])) id)",
        erase="delete",
        because="the answer to a guest stands under a digest of the guest's token, for 24 hours",
    ),
)

_WAITING = compiled(
    "select exists (select from platform.outbox_delivery waiting join platform.outbox_event event"  # noqa: S608 - fixed text
    f" on event.id = waiting.event_id where waiting.state = 'pending' and {_ABOUT})"
)
# E-mails that are not of ASCII letters alone, of which only Python knows the key.
_SPELLED = compiled(
    f"select distinct email from platform.outbox_event, unnest(array[{_folded('email')}, {_folded('new_email')}]) email"  # noqa: S608 - fixed text
    " where octet_length(email) <> char_length(email)"
)


def _hold() -> Unavailable:
    return Unavailable("news about this person have not been heard by all yet")


class PostgresPlatformData(PostgresPersonalData):
    """Nothing of it is in an export: it is there in another form, or for hours only."""

    def __init__(self, uow: Callable[[], PostgresUow]) -> None:
        super().__init__(NAME, uow, TABLES)

    async def export(self, subject: Subject) -> list[Section]:
        return []

    async def erase(self, subject: Subject) -> None:
        """Raises Unavailable while news of the person are on their way: some would reach nobody."""
        async with self._uow() as uow:
            spelled = [row[0] for row in await uow.tx.fetch(_SPELLED)]
            own = tuple(email for email in spelled if email_key(email) in subject.emails)
            subject = subject.also(Subject(account_id=subject.account_id, emails=own))
            if await uow.tx.fetchval(_WAITING, **msgspec.structs.asdict(subject)):
                raise _hold()
        await super().erase(subject)


class MemoryPlatformData:
    """Implements privacy's Part like PostgresPlatformData."""

    def __init__(self, uow: Callable[[], MemoryUow]) -> None:
        self.name = NAME
        self._uow = uow

    async def traces(self, subject: Subject) -> Subject:
        return subject

    async def matters(self, subject: Subject) -> list[str]:
        return []

    async def export(self, subject: Subject) -> list[Section]:
        return []

    async def erase(self, subject: Subject) -> None:
        """Raises Unavailable while news of the person are on their way."""
        async with self._uow() as uow:
            events: MemoryTable[StoredEvent] = uow.tx.table(EVENTS)
            deliveries: MemoryTable[StoredDelivery] = uow.tx.table(DELIVERIES)
            about = {event.id: event for event in events.values() if _is_about(event, subject)}
            told = [one for one in deliveries.values() if one.event_id in about]
            if any(one.state == "pending" for one in told):
                raise _hold()
            for one in told:
                one.last_error = None
                deliveries.put(one.id, one)
            for event in about.values():
                event.payload = _blanked(event.payload)
                events.put(event.id, event)
            own = {f"customer:{subject.account_id}", str(subject.account_id)}
            own |= {f"cart:{cart_id}" for cart_id in subject.cart_ids}
            for name in (KEYS, MemoryAnswers.TABLE):
                for key, _ in list(uow.tx.table(name).items()):
                    if key[0] in own:
                        uow.tx.table(name).delete(key)
            await uow.commit()


def without_people(payload: str) -> dict[str, Any]:
    """An event as whoever repairs the shop may read it: numbers, ids, times, plain text; other text is hidden."""
    shown: dict[str, Any] = _readable("", msgspec.json.decode(payload))
    return shown


def _readable(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _readable(key, each) for key, each in value.items()}
    if isinstance(value, list):
        return [_readable(name, each) for each in value]
    if isinstance(value, str) and name not in PLAIN_TEXT and not _TELLS_NOBODY.fullmatch(value):
        return _HIDDEN
    return value


def _is_about(event: StoredEvent, subject: Subject) -> bool:
    said: dict[str, Any] = msgspec.json.decode(event.payload)
    account_id = str(subject.account_id)
    return (
        account_id in (said.get("account_id"), said.get("customer_id"))
        or said.get("order_id") in {str(order_id) for order_id in subject.order_ids}
        or any(email_key(str(said.get(field) or "")) in subject.emails for field in ("email", "new_email"))
    )


def _blanked(payload: str) -> str:
    said: dict[str, Any] = msgspec.json.decode(payload)
    if (address := said.get("address")) is not None:
        kept = {"country": address["country"], "region": address.get("region", "")}
        said["address"] = _ERASED_ADDRESS | kept
    said |= {field: value for field, value in BLANKS.items() if field in said}
    return msgspec.json.encode(said).decode()
