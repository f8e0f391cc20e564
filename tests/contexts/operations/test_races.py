"""Schedulers and staff at the same moment, on PostgreSQL."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import pytest

from merx.contexts.operations.domain.errors import JobRuns
from merx.infra.outbox.timetables import TURN
from tests.contexts.operations.conftest import JOB, Shop

pytestmark = pytest.mark.services


async def runs(shop: Shop) -> int:
    return int(await shop.app.database.reader.fetchval_text("select count(*) from platform.job_run"))


async def asked(shop: Shop) -> bool:
    try:
        await shop.steer.run(shop.actor, JOB)
    except JobRuns:
        return False
    return True


async def test_staff_and_schedulers_make_one_run(postgres_shop: Shop):
    shop = postgres_shop
    for _ in range(5):
        made = await asyncio.gather(*(asked(shop) for _ in range(5)), *(shop.tick() for _ in range(5)))
        assert sum(made) == 1
        await shop.app.database.reader.fetchval_text("with a as (delete from platform.job_run returning 1) select 1")
        await shop.app.database.reader.fetchval_text(
            "with a as (delete from platform.outbox_delivery returning 1) select 1"
        )


async def test_without_the_turn_there_would_be_two(postgres_shop: Shop):
    """The negative control: whoever decides without it, beside somebody who has not committed yet, decides again."""
    shop = postgres_shop
    other = await asyncpg.connect(shop.app.settings.database_url)
    try:
        async with other.transaction():
            await other.execute(
                "insert into platform.job_run (job, slot, delivery_id) values ($1, $2, gen_random_uuid())",
                JOB,
                datetime.now(UTC),
            )
            assert await shop.tick() == 1
        assert await runs(shop) == 2
    finally:
        await other.close()


async def test_a_scheduler_does_not_wait_for_whoever_decides(postgres_shop: Shop):
    shop = postgres_shop
    other = await asyncpg.connect(shop.app.settings.database_url)
    try:
        async with other.transaction():
            await other.execute(TURN.sql)
            assert await asyncio.wait_for(shop.tick(), 5) == 0
        assert await shop.tick() == 1
    finally:
        await other.close()


async def test_a_pause_outlives_the_processes(postgres_shop: Shop):
    """Another application on the same database is another process as far as jobs are concerned."""
    from merx.bootstrap.container import App

    shop = postgres_shop
    await shop.tick()
    await shop.steer.pause(shop.actor, JOB)
    other = Shop(App(shop.app.settings))
    try:
        other.refuses = False
        assert (await other.tick(), await other.deliver(), other.runs) == (0, 0, 0)
        await other.steer.resume(other.actor, JOB)
    finally:
        await other.app.close()
    shop.refuses = False
    assert (await shop.deliver(), shop.runs) == (1, 1)


RUN = """
    insert into platform.outbox_delivery (id, event_id, subscriber)
    select gen_random_uuid(), event_id, subscriber from platform.outbox_delivery where state = 'dead'
"""
SOMEBODY_WAITS = """
    select exists (select from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database()))
"""


async def tried_beside_a_run(shop: Shop, *, turn: bool) -> int:
    """How often the given-up run of a job is tried again while somebody decides that it runs."""
    await shop.tick()
    await shop.deliver()
    other = await asyncpg.connect(shop.app.settings.database_url)
    try:
        async with other.transaction():
            if turn:
                await other.execute(TURN.sql)
            await other.execute(RUN)
            trying = asyncio.create_task(shop.retry.all(shop.actor, None, None))
            while not trying.done() and not await other.fetchval(SOMEBODY_WAITS):
                await asyncio.sleep(0.01)
        return (await trying).retried
    finally:
        await other.close()


async def test_a_run_that_was_given_up_is_not_tried_again_beside_one_that_is_decided(postgres_shop: Shop):
    assert await tried_beside_a_run(postgres_shop, turn=True) == 0


async def test_without_the_turn_it_would_be(postgres_shop: Shop):
    """The negative control."""
    assert await tried_beside_a_run(postgres_shop, turn=False) == 1


async def test_a_letter_is_tried_again_once_whoever_asks(postgres_shop: Shop):
    shop = postgres_shop
    await shop.dead(4)
    done = await asyncio.gather(*(shop.retry.all(shop.actor, None, None) for _ in range(6)))
    assert sum(each.retried for each in done) == 4
    assert await shop.deliver() == 4
