"""Who hears what, and the rows that carry it: one delivery per subscriber, so a failing one never re-runs others."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

import msgspec

from merx.kernel.ids import new_id
from merx.kernel.model import Event
from merx.kernel.ports import UnitOfWork


class SubscriberKind(StrEnum):
    transactional = "transactional"
    effect = "effect"


@dataclass(frozen=True, slots=True)
class Subscriber:
    """`name` is stored in delivery rows: keep it when code moves, or rows in flight lose their handler.

    A transactional handler is `handler(event, uow)` and runs in the transaction that marks the delivery done. An effect
    handler is `handler(event)`, runs outside any transaction and at least once: the event id is its idempotency key.
    """

    name: str
    event: type[Event]
    handler: Callable[..., Awaitable[None]]
    uow: Callable[[], UnitOfWork] | None = None

    @property
    def kind(self) -> SubscriberKind:
        return SubscriberKind.effect if self.uow is None else SubscriberKind.transactional


@dataclass
class SubscriberRegistry:
    """All subscribers of the process, filled while the application is wired, before the first event."""

    _by_tag: dict[str, list[Subscriber]] = field(default_factory=dict)
    _by_name: dict[str, Subscriber] = field(default_factory=dict)
    _decoders: dict[str, msgspec.json.Decoder[Any]] = field(default_factory=dict)

    def add(self, *subscribers: Subscriber) -> None:
        for subscriber in subscribers:
            if subscriber.name in self._by_name:
                raise ValueError(f"subscriber {subscriber.name} is registered twice")
            self._by_name[subscriber.name] = subscriber
            tag = subscriber.event.tag()
            self._by_tag.setdefault(tag, []).append(subscriber)
            self._decoders.setdefault(tag, msgspec.json.Decoder(subscriber.event))

    def silence(self, prefix: str) -> None:
        """From now on no deliveries are written for subscribers whose names start so: a tool does their work itself.

        Deliveries that exist still find them.
        """
        for tag, subscribers in self._by_tag.items():
            self._by_tag[tag] = [one for one in subscribers if not one.name.startswith(prefix)]

    @contextmanager
    def silenced(self, prefix: str) -> Iterator[None]:
        """`silence` for the time of a block."""
        before = {tag: list(subscribers) for tag, subscribers in self._by_tag.items()}
        self.silence(prefix)
        try:
            yield
        finally:
            self._by_tag = before

    def of(self, event: Event) -> list[Subscriber]:
        return self._by_tag.get(type(event).tag(), [])

    def named(self, name: str) -> Subscriber | None:
        return self._by_name.get(name)

    def decode(self, tag: str, payload: str | bytes) -> Event:
        """Raises KeyError for a tag nobody hears, msgspec.MsgspecError for a payload that does not fit."""
        event: Event = self._decoders[tag].decode(payload)
        return event


@dataclass(frozen=True, slots=True)
class OutboxRows:
    """What a transaction adds: event rows and, per subscriber, delivery rows, as parallel columns."""

    event_ids: list[UUID]
    tags: list[str]
    payloads: list[str]
    at: list[Any]
    delivery_ids: list[UUID]
    delivery_event_ids: list[UUID]
    subscribers: list[str]


def rows_for(events: Sequence[Event], registry: SubscriberRegistry) -> OutboxRows:
    rows = OutboxRows([], [], [], [], [], [], [])
    for event in events:
        rows.event_ids.append(event.id)
        rows.tags.append(type(event).tag())
        rows.payloads.append(msgspec.json.encode(event).decode())
        rows.at.append(event.at)
        for subscriber in registry.of(event):
            rows.delivery_ids.append(new_id())
            rows.delivery_event_ids.append(event.id)
            rows.subscribers.append(subscriber.name)
    return rows


class OutboxWriter(Protocol):
    # Any: an adapter works on the transactions of its own storage only.
    async def write(self, tx: Any, events: Sequence[Event]) -> list[UUID]:
        """Store events and deliveries in the open transaction; returns the delivery ids."""
        ...

    def nudge(self, deliveries: Sequence[UUID]) -> None:
        """After the commit: tell a worker, best effort. Never raises, never waits."""
        ...


Nudge = Callable[[Sequence[UUID]], None]


def nobody(_: Sequence[UUID]) -> None:
    """A nudge that tells nobody: the relay finds the rows by itself within a second."""
