"""S40: what the roles of the database may and may not do, tried by each of them."""

from urllib.parse import urlsplit

import asyncpg
import pytest

from merx.bootstrap.migrate import connect, migrate
from merx.infra.postgres import Database
from merx.infra.postgres.role import TooManyRights
from merx.infra.settings import Settings
from merx.kernel.errors import Unavailable
from tests.migrations.roles import as_role, refusals, written

pytestmark = pytest.mark.services


async def test_s40_the_application_changes_no_schema_and_reaches_nothing_else(
    empty_database_url: str,
):
    await migrate(empty_database_url)
    owner = await asyncpg.connect(empty_database_url)
    await owner.execute("create schema elsewhere; create table elsewhere.secret as select 1 as x")
    await owner.execute("create role somebody_else noinherit")
    try:
        refused = await refusals(
            as_role(empty_database_url, "merx_app"),
            [
                "create schema mine",
                "create table catalog.mine (x int)",
                "create table public.mine (x int)",
                "create temporary table mine (x int)",
                "create view catalog.mine as select 1 as x",
                "create function catalog.mine() returns int language sql as 'select 1'",
                "create extension pg_stat_statements",
                "alter table catalog.product add column x int",
                "drop table catalog.product",
                "truncate orders.order_line",
                "create index on orders.order_line (sku)",
                "drop schema catalog cascade",
                "alter schema catalog rename to mine",
                "update public.alembic_version set version_num = 'x'",
                "select * from elsewhere.secret",
                "select * from pg_catalog.pg_authid",
                "select pg_catalog.pg_read_file('/etc/passwd')",
                "copy (select 1) to program 'true'",
                "copy (select 1) to '/tmp/mine'",
                "alter system set log_statement = 'all'",
                "create role mine",
                "alter role merx_app superuser",
                "set role somebody_else",
                "create database mine",
                "set session_replication_role = 'replica'",
            ],
        )
        assert refused == []
    finally:
        await owner.execute("drop role somebody_else")
        await owner.close()


async def test_s40_reports_and_the_trail_have_readers_of_their_own(database_url: str):
    await written(database_url)
    reports = await asyncpg.connect(as_role(database_url, "merx_read"))
    assert await reports.fetchval('select count(*) from orders."order"') == 0
    await reports.close()
    assert (
        await refusals(
            as_role(database_url, "merx_read"),
            [
                "insert into catalog.brand (id, version, slug, name) values (gen_random_uuid(), 1, 'x', 'x')",
                "delete from orders.order_line",
                "select * from identity.account",
                "select * from audit.entry",
                "select * from platform.outbox_event",
                "select * from notifications.message",
            ],
        )
        == []
    )
    auditor = await asyncpg.connect(as_role(database_url, "merx_audit"))
    assert await auditor.fetchval("select count(*) from audit.entry") == 3
    await auditor.close()
    assert (
        await refusals(
            as_role(database_url, "merx_audit"),
            [
                "insert into audit.entry select * from audit.entry",
                "update audit.entry set target_id = 'x'",
                "select audit.lock_head()",
                "select * from identity.account",
                'select * from orders."order"',
            ],
        )
        == []
    )


async def test_s40_names_are_looked_up_in_the_catalogue_of_the_server_alone(database_url: str, owner_url: str):
    for role in ("merx_app", "merx_read", "merx_audit"):
        connection = await asyncpg.connect(as_role(database_url, role))
        assert await connection.fetchval("show search_path") == "pg_catalog"
        await connection.close()
    connection = await asyncpg.connect(owner_url)
    loose = await connection.fetch(
        """
        select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where n.nspname = 'audit' and not coalesce('search_path=pg_catalog' = any(p.proconfig), false)
        """
    )
    await connection.close()
    assert loose == []


async def test_s40_a_version_that_comes_needs_no_thought(owner_url: str, database_url: str):
    """A table and a schema that nobody has granted anything on are the application's after the next run."""
    owner = await asyncpg.connect(owner_url)
    await owner.execute("create schema later; create table later.thing (id int generated always as identity, x int)")
    await owner.execute("create table audit.later (x int)")
    await owner.close()
    assert len(await refusals(database_url, ["select * from later.thing"])) == 0
    await migrate(owner_url)
    app = await asyncpg.connect(database_url)
    for statement in (
        "insert into later.thing (x) values (1)",
        "update later.thing set x = 2",
        "delete from later.thing",
        "insert into audit.later values (1)",
    ):
        await app.execute(statement)
    await app.close()
    assert await refusals(database_url, ["delete from audit.later", "update audit.later set x = 2"]) == []


async def test_s40_an_owner_who_may_make_no_roles_uses_those_there_are(empty_database_url: str, migrated_template: str):
    owner = await asyncpg.connect(empty_database_url)
    name = urlsplit(empty_database_url).path.lstrip("/")
    await owner.execute("create role modest login")
    await owner.execute(f'alter database "{name}" owner to modest; alter schema public owner to modest')
    try:
        await migrate(as_role(empty_database_url, "modest"))
        # The roles are there already: it gives them their rights.
        app = await asyncpg.connect(as_role(empty_database_url, "merx_app"))
        assert await app.fetchval("select count(*) from audit.entry") == 0
        await app.close()
        await migrate(as_role(empty_database_url, "modest"), "base", down=True)
    finally:
        await owner.execute(f'alter database "{name}" owner to current_user; reassign owned by modest to current_user')
        await owner.execute("drop owned by modest; drop role modest")
        await owner.close()


async def test_s40_the_owner_keeps_what_it_needs(owner_url: str):
    connection = await connect(owner_url)
    await connection.execute("create table catalog.another (x int); drop table catalog.another")
    await connection.close()


async def refused(url: str, environment: str = "production") -> bool:
    database = Database(Settings(database_url=url, environment=environment))
    try:
        await database.refuse_unsafe()
    except TooManyRights:
        # And not only when it starts: without `refuse_unsafe`, as a process that was made by somebody else.
        for _ in range(2):
            with pytest.raises(Unavailable, match="the database is not available"):
                await database.ping()
        return True
    else:
        await database.ping()
        return False
    finally:
        await database.close()


async def test_s40_a_process_that_may_too_much_is_refused_in_production(database_url: str, owner_url: str):
    assert not await refused(database_url)
    assert not await refused(owner_url, "development")
    assert await refused(owner_url)


async def test_s40_and_one_that_could_make_itself_more(owner_url: str):
    """Whoever may become the owner is the owner; so is whoever makes roles, databases or schemas."""
    owner, name = await asyncpg.connect(owner_url), urlsplit(owner_url).path.lstrip("/")
    await owner.execute("create role app_of_another login noinherit in role merx_app")
    try:
        as_app = as_role(owner_url, "app_of_another")
        for more, less in (
            ("grant merx to app_of_another", "revoke merx from app_of_another"),
            ("alter role app_of_another createrole", "alter role app_of_another nocreaterole"),
            ("alter role app_of_another createdb", "alter role app_of_another nocreatedb"),
            (
                f'grant create on database "{name}" to app_of_another',
                f'revoke create on database "{name}" from app_of_another',
            ),
            ("grant update on audit.entry to app_of_another", "revoke update on audit.entry from app_of_another"),
            ("grant create on schema audit to app_of_another", "revoke create on schema audit from app_of_another"),
        ):
            assert not await refused(as_app), less
            await owner.execute(more)
            assert await refused(as_app), more
            await owner.execute(less)
        assert not await refused(as_app)
    finally:
        await owner.execute("drop owned by app_of_another; drop role app_of_another")
        await owner.close()


async def test_s40_before_there_is_a_schema_the_owner_is_refused_too(empty_database_url: str):
    assert await refused(empty_database_url)
    assert not await refused(as_role(empty_database_url, "merx_read"))
