"""A toy aggregate with a child list and value objects, and its unit of work on both storages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ForeignKey, MetaData, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship, selectinload

from merx.infra.memory import MemoryRepository, MemoryStore, MemoryTx, MemoryUow
from merx.infra.outbox.events import OutboxWriter, SubscriberRegistry
from merx.infra.outbox.memory import DELIVERIES, EVENTS, MemoryOutbox
from merx.infra.outbox.postgres import PostgresOutbox
from merx.infra.postgres import (
    Base,
    Database,
    PostgresRepository,
    PostgresTx,
    PostgresUow,
    VersionedRow,
    as_json,
    compiled,
    money,
)
from merx.infra.postgres.columns import NAMING
from merx.kernel.errors import Conflict, NotFound
from merx.kernel.ids import new_id
from merx.kernel.model import Entity, Event, Value
from merx.kernel.money import Money
from merx.kernel.ports import Repository, UnitOfWork

# Apart from the metadata of the product, which is compared with the migrations.
TOY = MetaData(naming_convention=NAMING)
# How long a delivery that failed waits in these tests.
NOW = timedelta(0)


class Label(Value):
    text: str
    colours: tuple[str, ...] = ()


class Book(msgspec.Struct, kw_only=True):
    id: UUID = msgspec.field(default_factory=new_id)
    title: str


class Shelf(Entity):
    name: str
    price: Money = Money(0, "USD")
    label: Label = Label(text="")
    books: list[Book] = []


class Shelved(Event, tag="toy.shelved.v1"):
    name: str


class NameTaken(Conflict):
    slug = "toy.name-taken"


class ShelfNotFound(NotFound):
    slug = "toy.shelf-not-found"


class BookRow(Base):
    __tablename__ = "book"
    __table_args__ = {"schema": "toy"}
    metadata = TOY

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shelf_id: Mapped[UUID] = mapped_column(ForeignKey("toy.shelf.id"))
    position: Mapped[int]
    title: Mapped[str]


class ShelfRow(VersionedRow):
    __tablename__ = "shelf"
    __table_args__ = (UniqueConstraint("name"), {"schema": "toy"})
    metadata = TOY

    name: Mapped[str]
    price = money("price")
    label: Mapped[Any] = as_json(Label)
    books: Mapped[list[BookRow]] = relationship(order_by=BookRow.position, cascade="all, delete-orphan", lazy="raise")


class PostgresShelves(PostgresUow):
    def open(self, tx: PostgresTx) -> None:
        self.shelves = PostgresRepository(
            Shelf,
            ShelfRow,
            tx,
            selectinload(ShelfRow.books),
            conflicts={"uq_shelf_name": NameTaken},
            missing=ShelfNotFound,
        )


class MemoryShelves(MemoryUow):
    def open(self, tx: MemoryTx) -> None:
        self.shelves: MemoryRepository[Shelf] = MemoryRepository(
            "toy.shelf", tx, unique=[(lambda shelf: shelf.name, NameTaken)], missing=ShelfNotFound
        )


class ShelvesUow(UnitOfWork):
    """What both offer to a test."""

    shelves: Repository[Shelf]


@dataclass
class Storage:
    """One storage with the toy aggregate. `nudged` are the deliveries that somebody was told of."""

    kind: str
    uow: Callable[[], Any]
    registry: SubscriberRegistry
    outbox: OutboxWriter
    nudged: list[UUID] = field(default_factory=list)
    database: Database | None = None
    store: MemoryStore | None = None

    async def events(self) -> list[str]:
        """Tags of the committed events."""
        if self.store is not None:
            return [event.tag for event in self.store.table(EVENTS).values()]
        assert self.database is not None
        rows = await self.database.reader.fetch(compiled("select tag from platform.outbox_event order by id"))
        return [row["tag"] for row in rows]

    async def deliveries(self) -> list[tuple[str, str]]:
        """Subscriber and state of the committed deliveries."""
        if self.store is not None:
            return [(row.subscriber, row.state) for row in self.store.table(DELIVERIES).values()]
        assert self.database is not None
        rows = await self.database.reader.fetch(
            compiled("select subscriber, state from platform.outbox_delivery order by id")
        )
        return [(row["subscriber"], row["state"]) for row in rows]


def memory_storage() -> Storage:
    store, registry = MemoryStore(), SubscriberRegistry()
    nudged: list[UUID] = []
    outbox = MemoryOutbox(registry, nudged.extend)
    return Storage("memory", lambda: MemoryShelves(store, outbox), registry, outbox, nudged, store=store)


async def make_toy_tables(database: Database) -> None:
    async with database.transaction() as link:
        await link.driver.execute("create schema if not exists toy")
        await link.orm.run_sync(TOY.create_all)
        await link.orm.commit()
        await link.driver.execute("commit")


EMPTY = """
    truncate toy.book, toy.shelf, platform.outbox_event, platform.outbox_delivery, platform.job_run,
        platform.idempotency_key
"""


async def postgres_storage(database: Database, *, tables: bool = True) -> Storage:
    """On a migrated database; makes the toy tables unless `tables` is False."""
    if tables:
        await make_toy_tables(database)
    registry = SubscriberRegistry()
    nudged: list[UUID] = []
    outbox = PostgresOutbox(registry, nudged.extend)
    return Storage("postgres", lambda: PostgresShelves(database, outbox), registry, outbox, nudged, database=database)


def shelved(names: Sequence[str]) -> list[Shelved]:
    return [Shelved(at=datetime(2030, 1, 1, tzinfo=UTC), name=name) for name in names]


async def emit(storage: Storage, *names: str) -> None:
    async with storage.uow() as uow:
        uow.emit(*shelved(names))
        await uow.commit()


async def shelf_names(storage: Storage) -> list[str]:
    async with storage.uow() as uow:
        if storage.store is not None:
            return [shelf.name for shelf in uow.tx.table("toy.shelf").values()]
        return [row["name"] for row in await uow.tx.fetch(compiled("select name from toy.shelf"))]


async def put_on_shelf(event: Shelved, uow: Any) -> None:
    await uow.shelves.add(Shelf(id=new_id(), name=event.name))


async def come_due(storage: Storage, by: timedelta) -> None:
    """As if the time had passed for deliveries that wait for their next try."""
    if storage.store is not None:
        for row in storage.store.table("platform.outbox_delivery").values():
            row.run_after -= by
        return
    assert storage.database is not None
    earlier = compiled("update platform.outbox_delivery set run_after = run_after - cast(:by as interval)")
    await storage.database.reader.execute(earlier, by=by)


async def end_leases(storage: Storage) -> None:
    """As if seven seconds had passed in which the holder was silent."""
    if storage.store is not None:
        for row in storage.store.table("platform.outbox_delivery").values():
            row.lease_until = row.lease_until and row.lease_until - timedelta(seconds=7)
        return
    assert storage.database is not None
    await storage.database.reader.execute(
        compiled("update platform.outbox_delivery set lease_until = lease_until - interval '7 s'")
    )
