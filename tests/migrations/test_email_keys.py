"""What was stored before has the keys that it is found by after the migration; no two accounts become one."""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
from loguru import logger

from merx.bootstrap.migrate import migrate
from merx.kernel.address import email_key
from merx.kernel.ids import new_id
from merx.kernel.text import search_key

pytestmark = pytest.mark.services

BEFORE, COLUMNS, FILLED, MOVED, DOMAINS = (
    "0031_key_lineage",
    "0032_email_keys",
    "0033_email_keys_filled",
    "0034_keys_of_capitals",
    "0035_keys_of_domains",
)
NOW = datetime(2026, 5, 1, tzinfo=UTC)
EMAILS = ("Ada@Example.com", "ΝΙΚΟΣ@example.com", "\u0130pek@example.com", "J\u030cana@example.com", "")
APART, ONE = "j\u030cana@example.com", "\u01f0ana@example.com"
NAMES = ("Ada", "Οδυσσεύς", "Straße", "\ufb03" * 200)


class Old:
    """Rows as the version before wrote them."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def account(self, email: str, key: str) -> UUID:
        id_ = new_id()
        await self.connection.execute(
            "insert into identity.account (id, version, email, email_key, name, kind, role_ids, permissions, status,"
            " created_at, email_verified_at, credentials_version)"
            " values ($1, 1, $2, $3, 'Kay', 'customer', '{}', '{}', 'active', $4, $4, 0)",
            *(id_, email, key, NOW),
        )
        return id_

    async def invitation(self, email: str, key: str) -> UUID:
        id_ = new_id()
        await self.connection.execute(
            "insert into identity.invitation (id, version, email, email_key, role_ids, code_id, invited_by, created_at,"
            " sent_at, sendings, expires_at) values ($1, 1, $2, $3, '{}', $1, $1, $4, $4, 1, $4)",
            *(id_, email, key, NOW),
        )
        return id_

    async def person(self, name: str) -> UUID:
        id_ = new_id()
        await self.connection.execute(
            "insert into users.profile (id, version, email, email_key, name, name_key, kind, phone, registered_at)"
            " values ($1, 1, $2, $3, $4, $5, 'customer', '', $6)",
            *(id_, f"{id_}{name[:8]}@example.com", "old", name, name.lower(), NOW),
        )
        return id_

    async def cart(self, email: str | None) -> UUID:
        id_ = new_id()
        await self.connection.execute(
            "insert into carts.cart (id, version, currency, status, email, lines, created_at, updated_at)"
            " values ($1, 1, 'USD', 'active', $2, '[]', $3, $3)",
            *(id_, email, NOW),
        )
        return id_

    async def order(self, email: str) -> UUID:
        id_, money = new_id(), ("items_total", "shipping_total", "total")
        amounts = ", ".join(f"{name}_amount, {name}_currency" for name in money)
        await self.connection.execute(
            f'insert into orders."order" (id, version, number, cart_id, email, address, shipping, payment_method,'
            f" payment_id, {amounts}, created_at, updated_at, status, payment_status, fulfilment_status, cancel_reason)"
            " values ($1, 1, $1::uuid::text, $1, $2, '{}', '{}', 'cod', $1, 0, 'USD', 0, 'USD', 0, 'USD', $3, $3,"
            " 'placed', 'pending', 'unfulfilled', '')",
            *(id_, email, NOW),
        )
        return id_

    async def rows(self, table: str, columns: str) -> dict[UUID, tuple[object, ...]]:
        found = await self.connection.fetch(f"select id, {columns} from {table}")
        return {row[0]: tuple(row)[1:] for row in found}

    async def indexes(self) -> dict[str, bool]:
        found = await self.connection.fetch(
            "select relname, indisvalid from pg_index join pg_class on pg_class.oid = indexrelid"
            " where relname like 'ix_order_email%'"
        )
        return dict(map(tuple, found))


@pytest.fixture
async def old(empty_database_url: str):
    await migrate(empty_database_url, BEFORE)
    connection = await asyncpg.connect(empty_database_url)
    yield Old(connection)
    await connection.close()


@pytest.fixture
def told():
    lines: list[str] = []
    sink = logger.add(lambda message: lines.append(str(message)), level="WARNING", format="{message}")
    yield lines
    logger.remove(sink)


async def test_orders_and_carts_get_the_keys_that_they_are_asked_for(old: Old, empty_database_url: str):
    orders = {await old.order(email): email for email in EMAILS}
    carts = {await old.cart(email): email for email in (*EMAILS, None)}
    await migrate(empty_database_url, COLUMNS)
    # A process of the version before is still at work.
    orders |= {await old.order(email): email for email in EMAILS}
    await migrate(empty_database_url, FILLED)
    assert await old.rows('orders."order"', "email_key") == {id_: (email_key(e),) for id_, e in orders.items()}
    keys = {id_: (None if email is None else email_key(email),) for id_, email in carts.items()}
    assert await old.rows("carts.cart", "email_key") == keys
    assert await old.indexes() == {"ix_order_email_key": True}
    await migrate(empty_database_url, COLUMNS, down=True)
    assert await old.indexes() == {"ix_order_email": True}


async def test_a_run_that_ended_half_way_is_continued(old: Old, empty_database_url: str):
    await migrate(empty_database_url, COLUMNS)
    done, missing = [await old.order(email) for email in EMAILS[:2]]
    table = 'orders."order"'
    await old.connection.execute(f"update {table} set email_key = 'kept' where id = $1", done)
    await old.connection.execute(f"create index ix_order_email_key on {table} (number)")
    await migrate(empty_database_url, FILLED)
    assert await old.rows(table, "email_key") == {done: ("kept",), missing: (email_key(EMAILS[1]),)}
    assert "(email_key, id)" in await old.connection.fetchval(
        "select indexdef from pg_indexes where indexname = 'ix_order_email_key'"
    )


async def test_people_get_the_keys_that_a_search_asks_for(old: Old, empty_database_url: str):
    ids = {await old.person(name): name for name in NAMES}
    await migrate(empty_database_url, FILLED)
    rows = await old.rows("users.profile", "name, name_key, email, email_key, version")
    for id_, (name, name_key, email, key, version) in rows.items():
        if str(name).isascii():
            assert (name_key, key, version) == (search_key(ids[id_]), "old", 1)
        else:
            assert (name_key, key, version) == (search_key(ids[id_]), search_key(str(email)), 2)
    # Once more changes nothing.
    await migrate(empty_database_url, COLUMNS, down=True)
    await migrate(empty_database_url, FILLED)
    assert await old.rows("users.profile", "name, name_key, email, email_key, version") == rows


async def test_an_address_in_capitals_gets_the_key_of_the_one_in_small_letters(
    old: Old, empty_database_url: str, told: list[str]
):
    typed = "J\u030cana@example.com"
    moved, asked = await old.account(typed, APART), await old.invitation(typed, APART)
    await old.account("Ada@example.com", "ada@example.com")
    await migrate(empty_database_url, MOVED)
    # The text that was proved is the same.
    rows = await old.rows("identity.account", "email, email_key, email_verified_at, credentials_version, version")
    assert rows[moved] == (typed, ONE, NOW, 0, 2)
    assert (await old.rows("identity.invitation", "email, email_key, version"))[asked] == (typed, ONE, 2)
    assert [row[-1] for id_, row in rows.items() if id_ != moved] == [1]
    assert told == []


async def test_two_that_would_be_one_are_left_to_somebody_who_decides(
    old: Old, empty_database_url: str, told: list[str]
):
    typed = "J\u030cana@example.com"
    for make, table in ((old.account, "account"), (old.invitation, "invitation")):
        capitals, small = await make(typed, APART), await make(ONE, ONE)
        before = await old.rows(f"identity.{table}", "email, email_key, version")
        told.clear()
        await migrate(empty_database_url, MOVED)
        assert await old.rows(f"identity.{table}", "email, email_key, version") == before
        assert [line for line in told if table in line] == [
            f"the e-mail of {table} {capitals} is that of {table} {small} in capitals: decide\n"
        ]
        await migrate(empty_database_url, FILLED, down=True)


SPELLED, MAILED = "Mia@bücher.example", "mia@xn--bcher-kva.example"


async def test_a_domain_gets_the_key_that_mail_goes_to(old: Old, empty_database_url: str, told: list[str]):
    await migrate(empty_database_url, COLUMNS)
    rows = {
        "identity.account": await old.account(SPELLED, SPELLED.lower()),
        "identity.invitation": await old.invitation(SPELLED, SPELLED.lower()),
        "carts.cart": await old.cart(SPELLED),
        'orders."order"': await old.order(SPELLED),
    }
    others = await old.account("\u01f0ana@example.com", ONE), await old.order("ΝΙΚΟΣ@example.com")
    await migrate(empty_database_url, MOVED)
    for table in ("carts.cart", 'orders."order"'):
        await old.connection.execute(f"update {table} set email_key = $2 where email = $1", SPELLED, SPELLED.lower())
    await migrate(empty_database_url, DOMAINS)
    for table, id_ in rows.items():
        assert (await old.rows(table, "email, email_key"))[id_] == (SPELLED, MAILED)
    assert (await old.rows("identity.account", "email_key"))[others[0]] == (ONE,)
    assert (await old.rows('orders."order"', "email_key"))[others[1]] == (email_key("ΝΙΚΟΣ@example.com"),)
    assert told == []


async def test_two_accounts_of_one_mailbox_are_left_to_somebody_who_decides(
    old: Old, empty_database_url: str, told: list[str]
):
    spelled, mailed = await old.account(SPELLED, SPELLED.lower()), await old.account(MAILED, MAILED)
    await migrate(empty_database_url, MOVED)
    before = await old.rows("identity.account", "email, email_key, version")
    told.clear()
    await migrate(empty_database_url, DOMAINS)
    assert await old.rows("identity.account", "email, email_key, version") == before
    assert told == [f"the e-mail of account {spelled} leads to the mailbox of account {mailed}: decide\n"]
