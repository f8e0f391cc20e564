"""Every event with a template has one subscriber, outside any transaction."""

import msgspec

from merx.contexts.notifications.domain.templates import TEMPLATES
from merx.infra.outbox.events import SubscriberKind, SubscriberRegistry
from tests.contexts.notifications.conftest import placed


def test_each_event_is_heard_once(memory_kit):
    subscribers = memory_kit.container.subscribers()
    assert {subscriber.event for subscriber in subscribers} == set(TEMPLATES)
    assert {subscriber.kind for subscriber in subscribers} == {SubscriberKind.effect}
    registry = SubscriberRegistry()
    registry.add(*subscribers)
    (heard,) = registry.of(placed())
    assert heard.name == "notifications.mail-order-placed"


async def test_an_event_read_back_from_the_outbox_becomes_a_mail(memory_kit):
    registry = SubscriberRegistry()
    registry.add(*memory_kit.container.subscribers())
    event = placed()
    again = registry.decode(type(event).tag(), msgspec.json.encode(event))
    (subscriber,) = registry.of(again)
    await subscriber.handler(again)
    assert len(memory_kit.mails) == 1
