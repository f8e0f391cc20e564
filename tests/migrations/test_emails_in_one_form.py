"""E-mails that were stored before one letter had one form get it, and no two accounts become one."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from loguru import logger

from merx.bootstrap.migrate import migrate
from merx.contexts.identity.domain.account import trimmed
from merx.kernel.address import email_key
from merx.kernel.ids import new_id

pytestmark = pytest.mark.services

BEFORE, AFTER = "0026_within_a_day", "0027_emails_in_one_form"
# As a Mac writes it and as most others do; a Kelvin sign and a letter; an Ångström sign and a letter.
# Each of these letters is two in the present form: there is no room for them.
LONG = "\u0958" * 242 + "@example.com"
ERASED = "erased@erased.invalid"
APART, ONE = "Jose\u0301@example.com", "Jos\u00e9@example.com"
KELVIN, ANGSTROM = "\u212aay@example.com", "\u212bsa@example.com"
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def old_key(email: str) -> str:
    """As it was made then."""
    return email.strip().lower()


class Old:
    """Rows as the version before wrote them."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def account(self, email: str, *, verified: bool = True, days: int = 0) -> UUID:
        id_ = new_id()
        await self.connection.execute(
            "insert into identity.account (id, version, email, email_key, name, kind, role_ids, permissions, status,"
            " created_at, email_verified_at, credentials_version)"
            " values ($1, 1, $2, $3, 'Kay', 'customer', '{}', '{}', 'active', $4, $5, 0)",
            *(id_, email, old_key(email), NOW + timedelta(days=days), NOW if verified else None),
        )
        await self.connection.execute(
            "insert into users.profile (id, version, email, email_key, name, name_key, kind, phone, registered_at)"
            " values ($1, 1, $2, $3, 'Kay', 'kay', 'customer', '', $4)",
            *(id_, email, old_key(email), NOW),
        )
        return id_

    async def invitation(self, email: str, *, withdrawn: bool = False) -> UUID:
        id_ = new_id()
        await self.connection.execute(
            "insert into identity.invitation (id, version, email, email_key, role_ids, code_id, invited_by, created_at,"
            " sent_at, sendings, expires_at, withdrawn_at) values ($1, 1, $2, $3, '{}', $4, $4, $5, $5, 1, $5, $6)",
            *(id_, email, old_key(email), new_id(), NOW, NOW if withdrawn else None),
        )
        return id_

    async def cart(self, email: str) -> UUID:
        id_ = new_id()
        await self.connection.execute(
            "insert into carts.cart (id, version, currency, status, email, lines, created_at, updated_at)"
            " values ($1, 1, 'USD', 'active', $2, '[]', now(), now())",
            *(id_, email),
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

    async def email_of(self, id_: UUID, table: str) -> str:
        found: str = await self.connection.fetchval(f"select email from {table} where id = $1", id_)
        return found

    async def row(self, id_: UUID, table: str = "identity.account") -> tuple[str, str]:
        found = await self.connection.fetchrow(f"select email, email_key from {table} where id = $1", id_)
        return found[0], found[1]


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


async def test_every_old_row_gets_the_present_form(old: Old, empty_database_url: str, told: list[str]):
    emails = (APART, KELVIN, ANGSTROM, "ada@example.com", ONE.replace("Jos", "Ros"))
    ids = {email: await old.account(email) for email in emails}
    asked = await old.invitation(APART)
    await migrate(empty_database_url, AFTER)
    for email, id_ in ids.items():
        present = (trimmed(email), email_key(email))
        assert await old.row(id_) == present
        assert await old.row(id_, "users.profile") == present
        changed = present[0] != email
        proof, codes, version = await old.connection.fetchrow(
            "select email_verified_at, credentials_version, version from identity.account where id = $1", id_
        )
        # A mailbox that was not read is not proved, and codes that went to it are void.
        assert (proof is None, codes, version) == (changed, int(changed), 1 + changed)
    assert await old.row(asked, "identity.invitation") == (ONE, email_key(ONE))
    assert told == []
    # Once more changes nothing.
    before = await old.connection.fetch("select * from identity.account order by id")
    await migrate(empty_database_url, BEFORE, down=True)
    await migrate(empty_database_url, AFTER)
    assert await old.connection.fetch("select * from identity.account order by id") == before


async def test_what_a_guest_typed_is_found_by_the_email_of_the_account(old: Old, empty_database_url: str):
    emails = {APART: ONE, "ada@example.com": "ada@example.com", LONG: LONG}
    made = [
        (await make(email), table, present)
        for email, present in emails.items()
        for make, table in ((old.cart, "carts.cart"), (old.order, 'orders."order"'))
    ]
    await migrate(empty_database_url, AFTER)
    for id_, table, present in made:
        assert await old.email_of(id_, table) == present, table


async def test_an_email_without_room_for_its_present_form_waits_and_is_named(
    old: Old, empty_database_url: str, told: list[str]
):
    waits, other = await old.account(LONG), await old.account(APART)
    await migrate(empty_database_url, AFTER)
    assert await old.row(waits) == (LONG, LONG)
    assert await old.row(other) == (ONE, email_key(ONE))
    assert [line.strip() for line in told] == [f"the e-mail of account {waits} is too long in its present form: decide"]


async def test_who_is_erased_while_the_migration_runs_is_not_written_back(old: Old, empty_database_url: str):
    """It has read the row and waits for it: the erasure comes first."""
    cart = await old.cart(APART)
    waits = "select exists (select from pg_locks where not granted and pid <> pg_backend_pid())"
    watcher = await asyncpg.connect(empty_database_url)
    try:
        async with old.connection.transaction():
            await old.connection.execute("update carts.cart set email = $2 where id = $1", cart, ERASED)
            migrating = asyncio.create_task(migrate(empty_database_url, AFTER))
            while not migrating.done() and not await watcher.fetchval(waits):
                await asyncio.sleep(0.01)
        await migrating
    finally:
        await watcher.close()
    assert await old.email_of(cart, "carts.cart") == ERASED


async def test_of_two_accounts_that_would_be_one_the_other_waits_and_is_named(
    old: Old, empty_database_url: str, told: list[str]
):
    present, waits = await old.account(ONE, days=2), await old.account(APART)
    # Two old ones: whose mailbox was proved goes before the older one.
    stranger = await old.account("a\u0323\u0307@example.com", verified=False)
    owner = await old.account("a\u0307\u0323@example.com", days=3)
    await migrate(empty_database_url, AFTER)
    assert await old.row(present) == (ONE, email_key(ONE))
    assert await old.row(waits) == (APART, old_key(APART))
    assert await old.row(waits, "users.profile") == (APART, old_key(APART))
    one = trimmed("a\u0323\u0307@example.com")
    assert await old.row(owner) == (one, one)
    assert (await old.row(stranger))[1] == old_key("a\u0323\u0307@example.com")
    assert sorted(line.strip() for line in told) == sorted(
        f"the e-mail of account {left} is that of account {kept} in another form: decide"
        for left, kept in ((waits, present), (stranger, owner))
    )
    assert not any("example.com" in line for line in told), "who it is stands in no log"


async def test_an_invitation_that_waits_beside_another_is_left_and_one_that_is_over_is_not(
    old: Old, empty_database_url: str, told: list[str]
):
    present, rival = await old.invitation(ONE), await old.invitation(APART)
    over = await old.invitation(APART, withdrawn=True)
    await migrate(empty_database_url, AFTER)
    assert await old.row(present, "identity.invitation") == (ONE, email_key(ONE))
    assert await old.row(rival, "identity.invitation") == (APART, old_key(APART))
    assert await old.row(over, "identity.invitation") == (ONE, email_key(ONE))
    assert [str(rival) in line for line in told] == [True]
