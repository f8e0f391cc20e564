"""What search hears, through the wired context."""

from datetime import UTC, datetime

from merx.contexts.catalog.events import ProductsChanged, ProductsPublished, ProductsWithdrawn
from merx.contexts.inventory.events import StockChanged, StockLevel
from merx.contexts.search.events import ReindexRequested
from merx.contexts.search.usecases.find_products import FindProducts
from merx.infra.outbox.events import SubscriberKind, SubscriberRegistry
from merx.infra.outbox.jobs import JobDue
from merx.kernel.model import Event
from tests.contexts.search.conftest import Office, document, variant

NOW = datetime(2025, 6, 1, tzinfo=UTC)


async def hear(office: Office, event: Event) -> None:
    registry = SubscriberRegistry()
    registry.add(*office.container.subscribers())
    heard = registry.of(event)
    assert heard, type(event)
    for subscriber in heard:
        assert subscriber.kind is SubscriberKind.effect
        await subscriber.handler(event)


async def total(office: Office, text: str) -> int:
    return (await office.container.find_products()(FindProducts(text=text, facets=()))).total


async def test_published_changed_and_withdrawn_products(office: Office) -> None:
    [key] = office.catalogue.add(document("Lamp"))
    await hear(office, ProductsPublished(at=NOW, product_ids=(key,)))
    assert await total(office, "lamp") == 1
    office.catalogue.change(key, name="Chandelier", categories=[])
    await hear(office, ProductsChanged(at=NOW, product_ids=(key,)))
    assert (await total(office, "lamp"), await total(office, "chandelier")) == (0, 1)
    office.catalogue.change(key, visible=False)
    await hear(office, ProductsWithdrawn(at=NOW, product_ids=(key,)))
    assert await total(office, "chandelier") == 0


async def test_the_same_event_twice(office: Office) -> None:
    [key] = office.catalogue.add(document("Lamp"))
    event = ProductsPublished(at=NOW, product_ids=(key,))
    await hear(office, event)
    await hear(office, event)
    assert await total(office, "lamp") == 1


async def test_stock(office: Office) -> None:
    made = document("Lamp", variant("1", available=3))
    await office.sell(made)
    level = StockLevel(made.variants[0].variant_id, 0, 4)
    await hear(office, StockChanged(at=NOW, levels=(level,)))
    state = await office.container.index().variants([made.variants[0].variant_id])
    assert not state[made.variants[0].variant_id].in_stock


async def test_reindex_and_the_jobs(office: Office) -> None:
    office.catalogue.add(document("Lamp"))
    await hear(office, ReindexRequested(at=NOW))
    assert await total(office, "lamp") == 1
    office.catalogue.add(document("Second lamp"))
    for job in office.container.schedule():
        await job.handler(JobDue(at=NOW, job=job.name, slot=NOW))
    assert await total(office, "lamp") == 2
    assert len({job.name for job in office.container.schedule()}) == 2
