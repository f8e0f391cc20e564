"""The largest table of a shop gets an index while the shop sells."""

import asyncio

import asyncpg
import pytest

from merx.bootstrap.migrate import migrate

pytestmark = pytest.mark.services

BEFORE, AFTER = "0028_job_pauses", "0029_adjusted_index"
_SALE = (
    "insert into inventory.movement (id, variant_id, location_id, kind, on_hand, allocated, reason, actor, at)"
    " values (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'allocated', 0, 1, '', 'system', now())"
)
_BUILDS = "select exists (select from pg_stat_activity where query ilike 'create index%' and state = 'active')"
_VALID = "select indisvalid from pg_index where indexrelid = to_regclass('inventory.ix_movement_adjusted')"


async def test_nobody_who_sells_waits_for_the_index(empty_database_url: str):
    await migrate(empty_database_url, BEFORE)
    first, other = [await asyncpg.connect(empty_database_url) for _ in range(2)]
    try:
        sale = first.transaction()
        await sale.start()
        await first.execute(_SALE)
        migration = asyncio.create_task(migrate(empty_database_url, AFTER))
        async with asyncio.timeout(10):
            while not await other.fetchval(_BUILDS):
                await asyncio.sleep(0.02)
        # An index that is built at once asks for a lock in front of everybody who comes now.
        await other.execute("set lock_timeout = '300ms'")
        await other.execute(_SALE)
        await sale.commit()
        await migration
        assert await other.fetchval(_VALID)
    finally:
        await first.close()
        await other.close()


async def test_what_an_ended_run_left_is_built_anew(empty_database_url: str):
    await migrate(empty_database_url, BEFORE)
    connection = await asyncpg.connect(empty_database_url)
    try:
        await connection.execute("create index ix_movement_adjusted on inventory.movement (at)")
        await migrate(empty_database_url, AFTER)
        made = await connection.fetchval("select pg_get_indexdef(to_regclass('inventory.ix_movement_adjusted'))")
        assert "(variant_id, at)" in made
    finally:
        await connection.close()
