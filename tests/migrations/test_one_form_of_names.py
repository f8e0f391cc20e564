"""People whose names were typed letter by letter are found after the migration."""

import asyncpg
import pytest

from merx.bootstrap.migrate import migrate
from merx.kernel.ids import new_id
from merx.kernel.text import search_key

pytestmark = pytest.mark.services

BEFORE, AFTER = "0029_adjusted_index", "0030_one_form_of_names"
# Each letter of the last is three in that form: there is no room for all.
NAMES = ("Jose\u0301", "Ada", "\u212aay", "\U0001d160" * 200)


async def test_stored_names_are_those_that_a_search_asks_for(empty_database_url: str):
    await migrate(empty_database_url, BEFORE)
    connection = await asyncpg.connect(empty_database_url)
    ids = {name: new_id() for name in NAMES}
    try:
        for name, id_ in ids.items():
            await connection.execute(
                "insert into users.profile (id, version, email, email_key, name, name_key, kind, phone, registered_at)"
                " values ($1, 1, $2, $2, $3, $4, 'customer', '', now())",
                *(id_, f"jose\u0301{id_}@example.com", name, name.strip().lower()),
            )
        await migrate(empty_database_url, AFTER)
        for name, id_ in ids.items():
            row = await connection.fetchrow("select name, name_key, email_key from users.profile where id = $1", id_)
            assert tuple(row) == (name, search_key(name), f"jos\u00e9{id_}@example.com")
    finally:
        await connection.close()
