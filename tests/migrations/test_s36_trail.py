"""S36: the trail is added to and never changed, and whoever can change it all the same is found out."""

from pathlib import Path

import asyncpg
import pytest

from merx.bootstrap.infra import Infra
from merx.contexts.audit.container import AuditContainer
from merx.infra.settings import Settings
from tests.migrations.roles import as_role, refusals, written

pytestmark = pytest.mark.services


async def test_s36_the_application_adds_to_the_trail_and_changes_nothing_in_it(database_url: str, owner_url: str):
    await written(database_url)
    assert (
        await refusals(
            database_url,
            [
                "update audit.entry set target_id = 'another' where seq = 2",
                "delete from audit.entry where seq = 2",
                "truncate audit.entry",
                "drop table audit.entry",
                "alter table audit.entry add column x int",
                "alter table audit.entry disable trigger all",
                "create index on audit.entry (client)",
                "create or replace function audit.lock_head() returns int language sql as 'select 1'",
                "alter table audit.entry owner to merx_app",
            ],
        )
        == []
    )
    owner = await asyncpg.connect(owner_url)
    assert await owner.fetchval("select count(*) from audit.entry where target_id in ('0', '1', '2')") == 3
    held = "select count(*) from unnest(array['update', 'delete', 'truncate', 'references', 'trigger']) as p"
    assert await owner.fetchval(f"{held} where has_table_privilege('merx_app', 'audit.entry', p)") == 0
    await owner.close()


@pytest.mark.parametrize("new_hash", [False, True])
async def test_s36_what_a_superuser_edits_is_named(database_url: str, owner_url: str, tmp_path: Path, new_hash: bool):
    """Also with a hash that fits what the row says now: the seal cannot be made in the database."""
    keys = str(tmp_path)
    await written(database_url, Infra(settings=Settings(database_url=database_url, data_dir=keys)).database())
    infra = Infra(settings=Settings(database_url=as_role(database_url, "merx_audit"), data_dir=keys))
    audit = AuditContainer(infra=infra)
    owner = await asyncpg.connect(owner_url)
    try:
        assert (await audit.verify_trail()()).sealed == 3
        assert await owner.execute("update audit.entry set target_id = 'another' where seq = 2") == "UPDATE 1"
        if new_hash:
            edited = (await audit.queries().rows(1, 1))[0]
            await owner.execute("update audit.entry set hash = $1 where seq = 2", edited.true_hash())
        verdict = await audit.verify_trail()()
        chain = await audit.verify_trail()(chain_only=True)
    finally:
        await owner.close()
        await infra.database().close()
    assert verdict.fault is not None
    assert (verdict.intact, verdict.fault.seq, verdict.fault.kind) == (False, 2, "edited")
    # The control: the chain alone says of a row with a new hash that the next one follows another.
    assert chain.fault is not None
    assert chain.fault.seq == (3 if new_hash else 2)
