"""API keys that were replaced before they knew their line stay callers of their own: so do their kept answers."""

from uuid import UUID

import asyncpg
import pytest

from merx.bootstrap.migrate import migrate
from merx.kernel.ids import new_id

pytestmark = pytest.mark.services

BEFORE, AFTER = "0030_one_form_of_names", "0031_key_lineage"


async def test_the_line_of_a_key_begins_with_the_next_that_replaces_it(empty_database_url: str):
    await migrate(empty_database_url, BEFORE)
    connection = await asyncpg.connect(empty_database_url)
    first, second, third, alone = [new_id() for _ in range(4)]
    try:
        # In an order that is not that of the line.
        for id_, next_ in ((third, None), (alone, None), (first, second), (second, third)):
            await connection.execute(
                "insert into identity.api_key (id, version, name, prefix, digest, scopes, networks, created_by,"
                " created_at, expires_at, replaced_by)"
                " values ($1, 1, 'till', '', $2, '{}', '{}', $1, now(), now(), $3)",
                *(id_, id_.bytes, next_),
            )
        await migrate(empty_database_url, AFTER)
        lines: dict[UUID, UUID | None] = dict(await connection.fetch("select id, lineage from identity.api_key"))
        assert lines == dict.fromkeys((first, second, third, alone))
    finally:
        await connection.close()
