"""S37: a person who is erased is nowhere any more, and the books add up as before."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import redis
from dependency_injector import providers

from merx.contexts.users.events import ConsentChanged
from merx.infra.memory import MemoryStore
from tests.contexts.privacy.conftest import CANARY, NEIGHBOUR, PASSWORD, Person, Shop


async def everything(shop: Shop) -> dict[str, str]:
    """All that is stored, as text, by the place where it is: tables, files, keys of Redis, the cache."""
    found: dict[str, str] = {}
    if shop.app.in_memory:
        found |= {name: text_of(rows) for name, rows in _tables(shop.app.infra.store()).items()}
    else:
        found |= await _rows(shop.app.settings.database_url)
        found |= _keys(shop.app.settings.redis_url)
    for number, mail in enumerate(shop.mails()):
        found[f"mail {number}"] = " ".join(mail)
    for file in shop.data.rglob("*"):
        if file.is_file() and file.suffix != ".eml":
            found[str(file.relative_to(shop.data))] = file.read_bytes().decode("latin-1")
    cache = shop.app.cache
    found["cache"] = " ".join(text_of(entry) for entry in vars(cache).values())
    return found


def _tables(store: MemoryStore) -> dict[str, Any]:
    return {f"memory {name}": rows for name, rows in store.tables.items()}


def text_of(value: Any) -> str:
    """Everything that a value holds at any depth; structs hide what is personal from `repr`."""
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode("latin-1")
    if isinstance(value, dict):
        return " ".join(f"{text_of(key)} {text_of(item)}" for key, item in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return " ".join(map(text_of, value))
    if hasattr(value, "__struct_fields__"):
        return " ".join(text_of(getattr(value, name)) for name in value.__struct_fields__)
    return str(value)


async def _rows(url: str) -> dict[str, str]:
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
        )
        found = {}
        for schema, table in tables:
            for row in await connection.fetch(f'select * from "{schema}"."{table}"'):
                for column, value in row.items():
                    place = f"{schema}.{table}.{column}"
                    found[place] = f"{found.get(place, '')} {text_of(value)}"
        return found
    finally:
        await connection.close()


def _keys(url: str) -> dict[str, str]:
    with redis.Redis.from_url(url, socket_timeout=5) as client:
        return {f"redis {key!r}": f"{key!r} {client.dump(key)!r}" for key in client.scan_iter()}


def traces(stored: dict[str, str], words: list[str]) -> list[str]:
    """Where one of the words stands, whatever its case."""
    return sorted({place for place, text in stored.items() if any(word.lower() in text.lower() for word in words)})


async def books(shop: Shop) -> dict[str, Any]:
    """What is in the books: of orders what was sold, to which country and for how much; of payments all but words."""
    if shop.app.in_memory:
        orders = shop.app.infra.store().table("orders.order").values()
        payments = shop.app.infra.store().table("payments.payment").values()
        return {
            "orders": {
                str(order.id): [
                    *(order.number, order.items_total, order.shipping_total, order.total, order.status),
                    *(order.address.country, order.address.region, order.placed_at, text_of(order.lines)),
                ]
                for order in orders
            },
            "payments": {
                str(each.id): (each.state, each.amount, each.captured, each.refunded, len(each.history))
                for each in payments
            },
        }
    connection = await asyncpg.connect(shop.app.settings.database_url)
    try:
        return {
            name: [dict(row) for row in await connection.fetch(sql)]
            for name, sql in {
                "orders": "select id, number, items_total_amount, shipping_total_amount, total_amount, total_currency,"
                " status, payment_status, fulfilment_status, placed_at, address->>'country', address->>'region'"
                ' from orders."order" order by id',
                "lines": "select * from orders.order_line order by id",
                "payments": "select * from payments.payment order by id",
                "news": "select id, payment_id, kind, amount, applied, at from payments.payment_event order by id",
                "stock": "select * from inventory.stock order by variant_id",
                "movements": "select * from inventory.movement order by id",
            }.items()
        }
    finally:
        await connection.close()


# PostgreSQL has other small letters for these than Python.
ODD = "\u0130.ΚΑΝΑΡΙΣ@example.org"


@pytest.mark.parametrize("email", [pytest.param(CANARY["email"], id="plain"), pytest.param(ODD, id="odd letters")])
async def test_s37_nothing_tells_of_the_person_any_more(shop: Shop, email: str):
    who = CANARY | {"email": email}
    await shop.cart(Person(**who), {})
    canary, neighbour = await shop.live(who), await shop.live(NEIGHBOUR)
    mine = await shop.call("GET", "/orders", None, canary.headers)
    # That of the guest is hers since she proved the mailbox.
    assert sorted(each["id"] for each in mine["items"]) == sorted(order["id"] for order in canary.orders)
    # News that name nobody but by what was typed.
    await shop.call("POST", "/auth/password/forgot", {"email": email}, {})
    await shop.settle()
    await shop.export(canary)
    before, known = await books(shop), traces(await everything(shop), canary.words)
    # The test sees what it looks for: the person is all over the place.
    expected = "identity.account users.profile users.address carts.cart orders.order outbox_event mail".split()
    assert [place for place in expected if not any(place in each for each in known)] == []
    others = set(traces(await everything(shop), neighbour.words))

    await shop.erase(canary)

    assert traces(await everything(shop), canary.words) == []
    assert await books(shop) == before
    # Nobody else lost anything: all that told of the neighbour does so still.
    left = set(traces(await everything(shop), neighbour.words))
    assert {place for place in others - left if not place.startswith(("mail ", "exports/"))} == set()


@pytest.mark.services
async def test_s37_rows_without_a_key_are_found_too(postgres_shop: Shop):
    """A process of the version before wrote them, after all others had got their keys."""
    shop, who = postgres_shop, CANARY | {"email": ODD}
    canary = await shop.register(who)
    await shop.cart(Person(**who), {})
    await shop.complete(await shop.order(Person(**who), guest=True))
    connection = await asyncpg.connect(shop.app.settings.database_url)
    try:
        await connection.execute('update orders."order" set email_key = null')
        await connection.execute("update carts.cart set email_key = null")
    finally:
        await connection.close()
    await shop.erase(canary)
    assert traces(await everything(shop), canary.words) == []


async def test_s37_tokens_die_and_the_email_is_free_again(shop: Shop):
    canary = await shop.live(CANARY)
    await shop.erase(canary)
    login = {"email": canary.email, "password": PASSWORD}
    assert (await shop.send("POST", "/auth/login", login)).status == 401
    assert (await shop.send("POST", "/auth/refresh", {"refresh_token": canary.refresh_token})).status == 401
    shop.clock.advance(timedelta(hours=1))
    assert (await shop.send("GET", "/users/me", None, canary.headers)).status == 401
    again = await shop.register(CANARY)
    assert again.account_id != canary.account_id
    assert (await shop.call("GET", "/orders", None, again.headers))["items"] == []
    assert (await shop.call("GET", "/users/me/addresses", None, again.headers))["items"] == []


async def test_s37_who_is_erased_is_on_no_mail_list(shop: Shop):
    """Whoever keeps one hears that the consent is over; what stays is the proof, with an id that leads to nobody."""
    canary, neighbour = await shop.live(CANARY), await shop.live(NEIGHBOUR)
    queries = shop.app.contexts.users.queries()
    told: list[ConsentChanged] = []
    outbox = shop.app.infra.outbox()

    class Listening:
        nudge = outbox.nudge

        async def write(self, tx: Any, events: Any) -> Any:
            told.extend(event for event in events if isinstance(event, ConsentChanged))
            return await outbox.write(tx, events)

    shop.app.infra.outbox.override(providers.Object(Listening()))
    (before,) = await queries.consents(UUID(canary.account_id))
    assert before.granted
    await shop.erase(canary)
    assert [(str(each.account_id), each.granted) for each in told] == [(canary.account_id, False)]
    granted = [each.granted for each in await queries.consents(UUID(canary.account_id))]
    assert True not in granted
    assert [each.granted for each in await queries.consents(UUID(neighbour.account_id))] == [True]


async def test_s37_twice_is_the_same_as_once(shop: Shop):
    canary = await shop.live(CANARY)
    await shop.erase(canary)
    once = await everything(shop)
    subject = await _subject_of(shop, canary.account_id)
    for part in shop.app.contexts.privacy.parts():
        await part.erase(subject)
    assert await everything(shop) == once


async def _subject_of(shop: Shop, account_id: str) -> Any:
    from merx.contexts.privacy.usecases.exports import traced
    from merx.kernel.personal_data import Subject

    return await traced(shop.app.contexts.privacy.parts(), Subject(account_id=UUID(account_id)))
