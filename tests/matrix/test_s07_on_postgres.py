"""The matrix again where SQL decides who owns what: everybody who must be refused, and everybody who reads."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from merx.bootstrap.container import App
from merx.infra.http.auth import RouteAccess
from merx.infra.postgres import compiled
from merx.infra.settings import Settings
from merx.kernel.ids import new_id
from merx.migrations.metadata import metadata
from tests.matrix.callers import Caller
from tests.matrix.entries.everything import ENTRIES
from tests.matrix.entry import Entry
from tests.matrix.play import name_of, path_of, wrong
from tests.matrix.promises import GOOD, headers_of, promised, right_of
from tests.matrix.shop import METRICS_TOKEN, Shop
from tests.matrix.store import changes
from tests.support.servers import Databases

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.services]


@pytest.fixture(scope="module")
def settings(
    databases: Databases, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    name = databases.create(migrated_template)
    folder: Path = tmp_path_factory.mktemp("shop")
    yield Settings(database_url=databases.url_of(name), data_dir=str(folder), metrics_token=METRICS_TOKEN)
    databases.drop(name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(settings: Settings) -> AsyncIterator[Shop]:
    app = App(settings)
    shop = Shop(app)
    # Nobody listens to the database here: rights and keys are looked up at each request.
    app.staff_door.suspend()
    app.api_key_door.suspend()
    app.cache.suspend()
    await shop.open()
    yield shop
    await shop.close()


async def fingerprint(shop: Shop) -> dict[str, bytes]:
    tables = sorted(str(table) for table in metadata().tables.values())
    parts = [
        f"select '{name}' as name, coalesce(md5(string_agg(row::text, '|' order by row::text)), '') as rows"
        f" from {name} as row"
        for name in tables
    ]
    rows = await shop.app.database.reader.fetch(compiled(" union all ".join(parts)))
    return {row["name"]: row["rows"].encode() for row in rows}


async def failures(shop: Shop, access: RouteAccess, entry: Entry) -> list[str]:
    found = []
    for subject in (shop.owner, shop.guest) if entry.guests else (shop.owner,):
        right = right_of(access.rule, entry)
        await shop.appoint(right)
        target = await entry.target(shop, subject)
        owned = any(each in target.text() for each in subject.ids())
        before = await fingerprint(shop)
        for caller in Caller:
            reads = access.method == "GET"
            if not reads and promised(access.rule, entry, caller, subject, owned=owned) == GOOD:
                continue
            headers = target.headers | headers_of(shop, caller, right, subject)
            if access.method == "POST":
                headers = headers | {"idempotency-key": new_id().hex}
            answer = await shop.send(access.method, path_of(access, target), target.body, headers)
            problem = wrong(access, entry, caller, subject, target, answer, [])
            if problem:
                found.append(f"{name_of(access)} of {subject.name}, {caller}: {problem}")
        if changed := changes(before, await fingerprint(shop)):
            found.append(f"{name_of(access)} of {subject.name}: refusals and reads changed {', '.join(changed)}")
    return found


async def test_s07_on_postgres_everybody_is_refused_as_on_memory(shop: Shop):
    found: list[str] = []
    for access in shop.api.routes:
        if name_of(access) in ENTRIES:
            found += await failures(shop, access, ENTRIES[name_of(access)])
    assert found == [], "\n" + "\n".join(found)


async def test_a_change_is_seen(shop: Shop):
    """Else nothing would ever have changed."""
    await shop.appoint("orders:read")
    before = await fingerprint(shop)
    await shop.appoint("orders:write")
    assert changes(before, await fingerprint(shop)) == ["identity.account"]
