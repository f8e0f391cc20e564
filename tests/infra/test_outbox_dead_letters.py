"""Deliveries that nobody tries again by himself, and why."""

from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.deliveries import Deliveries
from merx.infra.outbox.events import Subscriber
from merx.kernel.errors import Invalid
from tests.support.shelf import Shelved, Storage, emit


async def test_an_expected_refusal_is_dead_at_once(
    storage: Storage, deliverer: Deliverer, deliveries: Deliveries
) -> None:
    async def refuse(_: Shelved) -> None:
        raise Invalid("never")

    storage.registry.add(Subscriber("toy.refuse", Shelved, refuse))
    await emit(storage, "A")
    assert await deliverer.drain() == 1
    assert [letter.last_error for letter in await deliveries.dead()] == ["Invalid: never"]


async def test_unknown_and_undecodable_are_dead_with_a_reason(
    storage: Storage, deliverer: Deliverer, deliveries: Deliveries
) -> None:
    from merx.infra.outbox.events import SubscriberRegistry

    async def hear(event: Shelved) -> None: ...

    class Renamed(Shelved, tag="toy.renamed.v1"):
        """Heard under the old subscriber's name."""

    class Grown(Shelved, tag="toy.shelved.v1"):
        must_have: int

    storage.registry.add(*(Subscriber(f"toy.{name}", Shelved, hear) for name in ("gone", "other", "grown")))
    await emit(storage, "A")
    newer = SubscriberRegistry()
    newer.add(Subscriber("toy.other", Renamed, hear), Subscriber("toy.grown", Grown, hear))
    assert await Deliverer(deliveries, newer).drain() == 3
    reasons = {letter.subscriber: letter.last_error for letter in await deliveries.dead()}
    assert "no subscriber is named" in reasons["toy.gone"]
    assert "hears toy.renamed.v1" in reasons["toy.other"]
    assert "must_have" in reasons["toy.grown"]
