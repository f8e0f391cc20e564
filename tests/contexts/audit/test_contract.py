"""The trail is written with the change, read back in order and by what somebody looks for, on every storage."""

import asyncio
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from merx.contexts.audit.ports.queries import AuditFilter
from merx.contexts.catalog.usecases.commands import CreateProduct, EditProduct, EditVariant, NewVariant, Price
from merx.infra.postgres import PostgresUow, compiled
from merx.infra.postgres.trail import PostgresTrail, Statements
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.audit import LONGEST_TEXT, AuditEntry, Change, facts
from merx.kernel.audit_chain import Head
from merx.kernel.ids import new_id
from tests.contexts.audit.conftest import STAFF, Office


async def found(office: Office, **filters: object) -> list[str]:
    page = await office.audit.queries().page(AuditFilter(limit=100, **filters))
    return [view.target_id for view in page.items]


async def test_a_row_tells_who_what_where_and_when(office: Office):
    staff = new_id()
    actor = Actor(kind=ActorKind.customer, account_id=new_id(), request_id="r-9", client="::1", impersonator=staff)
    await office.write(actor=actor, action="orders.order-cancelled", target="order", target_id="7")
    (view,) = (await office.audit.queries().page(AuditFilter(limit=10))).items
    assert (view.seq, view.action, view.target, view.target_id) == (1, "orders.order-cancelled", "order", "7")
    assert (view.actor_kind, view.actor_id, view.impersonator_id) == ("customer", actor.account_id, staff)
    assert (view.request_id, view.client, view.at) == ("r-9", "::1", office.clock.now())
    assert view.changes == {"n": Change(None, 0)}


async def test_what_is_undone_leaves_no_row(office: Office):
    async with office.uow() as uow:
        uow.record(AuditEntry(actor=STAFF, action="toys.box-made", target="box", target_id="1"))
    await office.write(2)
    assert [row.seq for row in await office.rows()] == [1, 2]


async def test_several_rows_of_one_transaction(office: Office):
    async with office.uow() as uow:
        for number in range(3):
            uow.record(AuditEntry(actor=STAFF, action="toys.box-made", target="box", target_id=str(number)))
        await uow.commit()
    assert [row.target_id for row in await office.rows()] == ["0", "1", "2"]
    assert (await office.audit.verify_trail()()).intact


async def test_a_unit_of_work_that_is_used_again_starts_empty(office: Office):
    uow = office.uow()
    for _ in range(2):
        async with uow:
            uow.record(AuditEntry(actor=STAFF, action="toys.box-made", target="box", target_id="1"))
            await uow.commit()
    assert len(await office.rows()) == 2


async def test_filters(office: Office):
    other = Actor(kind=ActorKind.api_key, account_id=new_id())
    helper = Actor(kind=ActorKind.customer, account_id=new_id(), impersonator=STAFF.account_id)
    began = office.clock.now()
    await office.write(target_id="a")
    office.clock.advance(timedelta(hours=1))
    await office.write(actor=other, target_id="b", action="toys.box-painted")
    office.clock.advance(timedelta(hours=1))
    await office.write(actor=helper, target_id="c", action="toysrus.box-made", target="crate")
    assert await found(office) == ["c", "b", "a"]
    assert await found(office, actor_id=STAFF.account_id) == ["c", "a"]
    assert await found(office, actor_id=other.account_id) == ["b"]
    assert await found(office, action="toys") == ["b", "a"]
    assert await found(office, action="toys.box-painted") == ["b"]
    assert await found(office, target="crate") == ["c"]
    assert await found(office, target="box", target_id="b") == ["b"]
    assert await found(office, request_id="r-1") == ["a"]
    assert await found(office, since=began + timedelta(hours=1)) == ["c", "b"]
    assert await found(office, until=began + timedelta(hours=1)) == ["a"]
    assert await found(office, since=began + timedelta(minutes=1), until=began + timedelta(hours=2)) == ["b"]
    assert await found(office, since=began + timedelta(days=1)) == []
    assert await found(office, until=began + timedelta(days=1), actor_id=other.account_id) == ["b"]


async def test_pages(office: Office):
    await office.write(5)
    queries, seen, after = office.audit.queries(), [], None
    while True:
        page = await queries.page(AuditFilter(limit=2, after=after))
        seen += [view.seq for view in page.items]
        if (after := page.next) is None:
            break
    assert seen == [5, 4, 3, 2, 1]


async def test_heads(office: Office):
    queries = office.audit.queries()
    today = office.clock.now().date()
    assert await queries.head() == Head()
    await office.write(2)
    office.clock.advance(timedelta(days=1))
    await office.write(1)
    rows = await office.rows()
    assert (await queries.head()).hash == rows[2].hash
    assert await queries.head_before(today) == Head()
    assert (await queries.head_before(today + timedelta(days=1))).seq == 2
    assert await queries.place_of(rows[1].hash) == 2
    assert await queries.place_of(b"x" * 32) is None


class CarelessTrail(PostgresTrail):
    """Looks at the end of the chain without being the only one."""

    async def write(self, tx: Statements, entries: object) -> None:
        class Unlocked:
            async def fetchrow(self, *_: object) -> object:
                row = await tx.fetchrow(
                    compiled("select seq, at, hash, clock_timestamp() from audit.entry order by seq desc limit 1")
                )
                await asyncio.sleep(0.01)
                return row or (None, None, None, (await tx.fetchrow(compiled("select now()")))[0])

            execute = tx.execute

        await super().write(Unlocked(), entries)


async def parallel(office: Office, trail: PostgresTrail, writers: int = 8, each: int = 5) -> int:
    """How many writers failed."""

    async def write(number: int) -> None:
        for turn in range(each):
            async with PostgresUow(office.app.database, office.app.infra.outbox(), trail) as uow:
                await uow.tx.fetchval(compiled("select 1"))
                uow.record(
                    AuditEntry(
                        actor=STAFF, action="toys.box-made", target="box", target_id=f"{number}", changes=facts(n=turn)
                    )
                )
                await uow.commit()

    outcomes = await asyncio.gather(*(write(number) for number in range(writers)), return_exceptions=True)
    return sum(isinstance(outcome, asyncpg.UniqueViolationError) for outcome in outcomes)


@pytest.mark.services
async def test_parallel_writers_make_one_chain(postgres_office: Office):
    assert await parallel(postgres_office, PostgresTrail()) == 0
    verdict = await postgres_office.audit.verify_trail()()
    assert (verdict.intact, verdict.rows) == (True, 40)


@pytest.mark.services
async def test_without_the_lock_parallel_writers_clash(postgres_office: Office):
    assert await parallel(postgres_office, CarelessTrail()) > 0


@pytest.mark.services
async def test_the_end_of_the_chain_is_taken_when_everything_else_is_done(postgres_office: Office):
    """A transaction that has recorded and not yet committed keeps nobody waiting."""
    async with postgres_office.uow() as uow:
        uow.record(AuditEntry(actor=STAFF, action="toys.box-made", target="box", target_id="slow"))
        await uow.tx.fetchval(compiled("select 1"))
        await asyncio.wait_for(postgres_office.write(1, target_id="quick"), 2)
        await uow.commit()
    assert [row.target_id for row in await postgres_office.rows()] == ["quick", "slow"]


async def test_a_large_edit_is_told_whole(office: Office):
    """300 prices of one product, changed by one request."""
    catalog = office.app.contexts.catalog
    sizes = [f"S{number}" for number in range(300)]
    variants = [NewVariant(sku=size, price=Price(10_00, "USD"), options={"size": size}) for size in sizes]
    product_id = await catalog.create_product()(STAFF, CreateProduct(name="Shoe", variants=variants))
    product = await catalog.queries().staff_product(product_id)
    edits = [EditVariant(id=each.id, price=Price(12_00, "USD")) for each in product.variants]
    fresh = msgspec.structs.replace(STAFF, fresh=True)
    await catalog.edit_product()(fresh, product_id, EditProduct(variants=edits))
    (edited,) = (await office.audit.queries().page(AuditFilter(limit=1, action="catalog.product-edited"))).items
    prices = {f"variants.{each.id}.price.amount": Change(10_00, 12_00) for each in product.variants}
    assert prices.items() <= edited.changes.items()
    assert (await office.audit.verify_trail()()).intact


async def test_a_page_of_large_rows_has_fewer_of_them(office: Office):
    many = {f"field{number}": "x" * LONGEST_TEXT for number in range(1_800)}
    await office.write(5, changes=facts(**many))
    queries, seen, after = office.audit.queries(), [], None
    for _ in range(5):
        page = await queries.page(AuditFilter(limit=3, after=after))
        seen += [view.seq for view in page.items]
        assert 1 <= len(page.items) <= 2
        if (after := page.next) is None:
            break
    assert seen == [5, 4, 3, 2, 1]
    assert (await office.audit.verify_trail()()).rows == 5
