"""S37: a canary in every column that the map calls personal or secret, of every table; after the erasure they are gone.

The test is made from the map and from the catalogue of PostgreSQL: a table that is added tomorrow is in it.
"""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from merx.contexts.notifications.domain.mail import recipient_hash
from merx.contexts.privacy.usecases.exports import traced
from merx.kernel.personal_data import Subject
from merx.migrations.metadata import metadata
from tests.architecture.test_personal_data import NEVER_CHANGED, TABLES
from tests.contexts.privacy.canaries import MARK, Canaries, places_of
from tests.contexts.privacy.conftest import NEIGHBOUR, Shop
from tests.contexts.privacy.test_s37_erasure import ODD, everything, traces

KANARI = {
    "name": "Kanari Featherstone",
    "email": "Kanari@example.org",
    "phone": "+14155550177",
    "street": "77 Kanari Street",
    "city": "Kanari Haven",
}


@pytest.mark.services
@pytest.mark.parametrize("email", [pytest.param(KANARI["email"], id="plain"), pytest.param(ODD, id="odd letters")])
async def test_s37_no_column_keeps_a_canary(postgres_shop: Shop, email: str):
    shop = postgres_shop
    person, _ = await shop.live(KANARI | {"email": email}), await shop.live(NEIGHBOUR)
    await shop.export(person)
    await shop.ask_erasure(person)
    words = [MARK, recipient_hash(person.email), *person.words]
    parts = shop.app.contexts.privacy.parts()
    subject = await traced(parts, Subject(account_id=UUID(person.account_id)))
    connection = await asyncpg.connect(shop.app.settings.database_url)
    try:
        canaries = Canaries(connection, subject, person.email)
        await canaries.fill(TABLES)
        columns = {name: await canaries.columns(name) for name in metadata().tables}
        # Every one of them, and the search finds it there.
        assert canaries.filled == places_of(TABLES, columns)
        assert canaries.filled - set(traces(await everything(shop), words)) == set()

        shop.clock.advance(timedelta(days=shop.app.settings.erasure_days))
        await shop.job("privacy.erasures-due")
        shop.clock.advance(timedelta(hours=1))
        await shop.job("privacy.erasures-due")

        kept = {place for place in canaries.filled if place.rpartition(".")[0] in NEVER_CHANGED}
        assert kept >= {"audit.entry.client", "audit.entry.changes"}
        assert set(traces(await everything(shop), words)) == kept
        emptied = [table for table in TABLES.values() if table.owner and table.erase == "delete"]
        assert {table.table: left for table in emptied if (left := await canaries.count(table))} == {}
        states = await connection.fetch(
            "select state, subject from privacy.erasure where account_id = $1", subject.account_id
        )
        assert [tuple(row) for row in states] == [("done", None)]
    finally:
        await connection.close()
