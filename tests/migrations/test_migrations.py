"""Every version goes up, down and up again; the models are what the versions make."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from merx.bootstrap.failures import sentence
from merx.bootstrap.migrate import MigrationBusy, alembic_config, connect, downgrade, migrate, upgrade
from merx.bootstrap.schema import check_schema, head
from merx.contexts.identity.domain.role import OWNER
from merx.infra.postgres import Database
from merx.infra.settings import Settings
from merx.kernel.errors import Unavailable
from merx.kernel.ids import new_id
from merx.migrations.metadata import metadata, ours

pytestmark = pytest.mark.services

SCRIPTS = ScriptDirectory.from_config(alembic_config())
REVISIONS = [script.revision for script in reversed(list(SCRIPTS.walk_revisions()))]


async def tables(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        count: int = await connection.fetchval(
            "select count(*) from pg_tables where schemaname not in ('pg_catalog', 'information_schema', 'public')"
        )
        return count
    finally:
        await connection.close()


def test_the_chain_is_linear_and_named_in_order() -> None:
    assert sorted(REVISIONS) == REVISIONS
    assert SCRIPTS.get_heads() == [head()]


def test_each_version_goes_up_down_and_up_again(empty_database_url: str) -> None:
    before = "base"
    for revision in REVISIONS:
        upgrade(empty_database_url, revision)
        downgrade(empty_database_url, before)
        upgrade(empty_database_url, revision)
        before = revision
    downgrade(empty_database_url, "base")
    assert asyncio.run(tables(empty_database_url)) == 0


async def test_the_models_are_the_migrated_schema(owner_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"include_schemas": True, "include_name": ours, "compare_type": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata()))

    engine = create_async_engine(owner_url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def test_two_runners_are_one_winner(empty_database_url: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        for runner in [pool.submit(upgrade, empty_database_url) for _ in range(3)]:
            runner.result(30)
    assert asyncio.run(tables(empty_database_url)) > 0


async def test_a_held_lock_is_waited_for_in_short_tries(owner_url: str) -> None:
    blocker = await asyncpg.connect(owner_url)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("lock table platform.job_run in access share mode")
    work = asyncio.create_task(migrate(owner_url, "base", down=True))
    await asyncio.sleep(2.6)
    assert not work.done()
    await transaction.rollback()
    await asyncio.wait_for(work, 20)
    await blocker.close()
    assert await tables(owner_url) == 0


async def test_a_lock_that_is_never_free_is_a_sentence(owner_url: str) -> None:
    blocker = await asyncpg.connect(owner_url)
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("lock table platform.job_run in access share mode")
    with pytest.raises(MigrationBusy, match="stayed locked through 2 tries") as caught:
        await migrate(owner_url, "base", down=True, tries=2, lock_wait=timedelta(milliseconds=100))
    assert sentence(caught.value) == str(caught.value)
    await transaction.rollback()
    await blocker.close()


async def test_a_migration_waits_for_nothing_without_an_end(empty_database_url: str) -> None:
    connection = await connect(empty_database_url)
    waits = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    assert [await connection.fetchval(f"show {name}") for name in waits] == ["2h", "2s", "1min"]
    await connection.close()


async def test_staff_that_could_do_everything_are_owners_and_back_again(empty_database_url: str) -> None:
    await migrate(empty_database_url, "0016_audit")
    connection = await asyncpg.connect(empty_database_url)
    held = {"all@example.com": ["*"], "some@example.com": ["orders:read"]}
    for email, permissions in held.items():
        await connection.execute(
            "insert into identity.account (id, version, email, email_key, name, kind, permissions, status, created_at,"
            " credentials_version) values ($1, 1, $2, $2, 'S', 'staff', $3, 'active', now(), 0)",
            new_id(),
            email,
            permissions,
        )
    await migrate(empty_database_url, "0017_roles")
    rows = await connection.fetch("select email, role_ids, permissions from identity.account order by email")
    assert [tuple(row) for row in rows] == [("all@example.com", [OWNER], []), ("some@example.com", [], ["orders:read"])]
    await migrate(empty_database_url, "0016_audit", down=True)
    assert dict(await connection.fetch("select email, permissions from identity.account")) == held
    await connection.close()


async def test_health_knows_a_schema_that_is_behind(database_url: str, empty_database_url: str) -> None:
    database, empty = Database(Settings(database_url=database_url)), Database(Settings(database_url=empty_database_url))
    try:
        await check_schema(database.reader)
        with pytest.raises(Unavailable, match="no schema yet"):
            await check_schema(empty.reader)
        await migrate(empty_database_url, REVISIONS[0])
        with pytest.raises(Unavailable, match=REVISIONS[0]):
            await check_schema(empty.reader)
    finally:
        await database.close()
        await empty.close()
