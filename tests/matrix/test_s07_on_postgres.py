"""The matrix again where SQL decides who owns what: everybody who must be refused, and everybody who reads."""

import pytest

from merx.infra.http.auth import RouteAccess
from merx.infra.postgres import compiled
from merx.kernel.ids import new_id
from merx.migrations.metadata import metadata
from tests.matrix.callers import Caller
from tests.matrix.entries.everything import ENTRIES
from tests.matrix.entry import Entry
from tests.matrix.play import name_of, path_of, wrong
from tests.matrix.promises import GOOD, headers_of, promised, right_of
from tests.matrix.shop import Shop
from tests.matrix.store import changes

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.services]


async def fingerprint(shop: Shop) -> dict[str, bytes]:
    tables = sorted(str(table) for table in metadata().tables.values())
    # That somebody was refused is on record.
    but = {"audit.entry": " where action <> 'identity.request-refused'"}
    parts = [
        f"select '{name}' as name, coalesce(md5(string_agg(row::text, '|' order by row::text)), '') as rows"
        f" from {name} as row{but.get(name, '')}"
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


async def test_s07_on_postgres_everybody_is_refused_as_on_memory(postgres_shop: Shop):
    found: list[str] = []
    for access in postgres_shop.api.routes:
        if name_of(access) in ENTRIES:
            found += await failures(postgres_shop, access, ENTRIES[name_of(access)])
    assert found == [], "\n" + "\n".join(found)


async def test_a_change_is_seen(postgres_shop: Shop):
    """Else nothing would ever have changed."""
    await postgres_shop.appoint("orders:read")
    before = await fingerprint(postgres_shop)
    await postgres_shop.appoint("orders:write")
    assert changes(before, await fingerprint(postgres_shop)) == ["identity.account"]
