"""S27: who somebody is, is in no log: no e-mail, name, telephone or street.

A customer with an unusual name lives in the shop, mistypes, is refused, and meets a database that fails with the row in
its message. All lines of the process are captured as in production: loguru, the standard library, requests.
"""

import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import msgspec
import pytest
from dependency_injector import providers

from merx.bootstrap.container import App
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.infra.error_text import text_of, trace_of
from merx.infra.log_writer import LineWriter
from merx.infra.logging import configure_logging
from merx.infra.settings import Settings
from tests.contexts.privacy.conftest import PASSWORD, Shop
from tests.support.asgi import AsgiClient
from tests.support.clock import FixedClock
from tests.support.stage import fresh
from tests.support.usual_log import log_as_usual

ODDA = {
    "name": "Oddvar Qvistgaard-Zed", "email": "Oddvar.Q+shop@qvist-mail.example.org", "phone": "+14155559876",
    "street": "1313 Zwartkopje Crescent", "city": "Xylofontein",
}  # fmt: skip
# Fragments, so that a half that slipped through is found too.
WORDS = ["oddvar", "qvist", "4155559876", "zwartkopje", "xylofontein", "oddette"]


class Log:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.writer: LineWriter = configure_logging(
            Settings(log_format="json", log_level="debug"), os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        )

    def text(self) -> str:
        self.writer.flush()
        return self.path.read_text()

    def telling(self) -> list[str]:
        """Lines that tell who it was."""
        return [line for line in self.text().splitlines() if any(word in line.lower() for word in WORDS)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    yield Log(tmp_path / "log")
    log_as_usual()
    logging.getLogger().handlers.clear()


@asynccontextmanager
async def opened(settings: Settings, log: Log) -> AsyncIterator[Shop]:
    app = App(settings, deliver_here=settings.storage == "memory")
    app.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
    async with AsgiClient(fresh(settings, app, log.writer)) as client:
        shop = Shop(app, client, FixedClock())
        await shop.stock_up()
        yield shop


def paths_of(person: Any) -> list[str]:
    """Who she is where an id, a slug or nothing at all belongs, in the spellings that callers find."""
    email, vpa = person.email, "oddvar.qvist@okhdfcbank"
    twice = quote(quote(email, safe=""), safe="")
    written = [email, quote(email, safe=""), twice, "oddvar@localhost", vpa, quote(vpa, safe=""), person.phone]
    written += [quote(person.phone, safe=""), quote(person.name), quote(person.street), person.city, "Oddvar"]
    routes = ["/users/{}", "/orders/{}/cancel", "/products/{}", "/brands/{}/products", "/categories/{}/products"]
    routes += ["/auth/oidc/{}/start", "/auth/oidc/{}/callback", "/scheduler/jobs/{}", "/schema/docs/{}"]
    routes += ["/nowhere/{}/at-all", "/{}", "//users///{}/"]
    return [route.format(word) for route in routes for word in written]


async def life(shop: Shop) -> Any:
    """The main journeys, and after each what goes wrong in them. Returns the person."""
    person = await shop.live(ODDA)
    here, email = person.headers, person.email
    wrong: list[tuple[str, str, Any, dict[str, str]]] = [
        ("POST", "/auth/register", {"email": email, "password": PASSWORD, "name": person.name}, {}),
        ("POST", "/auth/register", {"email": f"{email} {person.name}", "password": PASSWORD, "name": person.name}, {}),
        ("POST", "/auth/register", {"email": email, "password": "short", person.name: person.street}, {}),
        ("POST", "/auth/login", {"email": email, "password": "wrong passphrase of hers"}, {}),
        ("POST", "/auth/login", {"email": [email], "password": PASSWORD}, {}),
        ("POST", "/auth/password/forgot", {"email": email}, {}),
        ("POST", "/auth/verify-email", {"code": person.name}, {}),
        ("PATCH", "/users/me", {"phone": f"{person.phone} {person.name}"}, here),
        ("PATCH", "/users/me", {"name": person.name, "birthday": person.city}, here),
        ("PATCH", "/users/me", {"name": f"{person.name}\0"}, here),
        ("POST", "/users/me/addresses", {"address": person.address | {"country": person.city}}, here),
        ("POST", "/users/me/addresses", {"address": person.address | {person.name: 1}}, here),
        ("GET", f"/users/{email}", None, shop.root),
        ("GET", f"/users?q={email.replace('+', '%2B')}", None, shop.root),
        ("GET", "/users?q=Oddvar%20Qvistgaard", None, shop.root),
        ("GET", f"/orders?email={email.replace('+', '%2B')}&city={person.city}", None, shop.root),
        ("GET", f"/orders/{email}", None, here),
        *((method, path, None, sent) for path in paths_of(person) for method, sent in (("GET", {}), ("PUT", here))),
        ("GET", f"/orders/{person.orders[0]['id']}", None, {"x-order-token": email}),
        ("POST", f"/orders/{person.orders[1]['id']}/cancel", {"reason": person.street}, here),
        ("POST", "/orders", {"cart_id": email, "payment_method": person.name}, here),
        ("POST", "/users/me/erase", {"password": "wrong passphrase of hers"}, here),
    ]  # fmt: skip
    statuses = [(await shop.send(method, path, body, sent)).status for method, path, body, sent in wrong]
    # Most of it is refused; a shop that fails would write traces.
    assert max(statuses) < 500, list(zip(wrong, statuses, strict=True))
    assert sum(status >= 400 for status in statuses) > 10
    await shop.settle()
    return person


async def test_s27_a_shop_in_memory_logs_nobody(tmp_path: Path, log: Log):
    settings = Settings(storage="memory", data_dir=str(tmp_path / "data"), log_format="json")
    async with opened(msgspec.structs.replace(settings, search_refresh_seconds=0.0), log) as shop:
        await life(shop)
    assert log.text().count('"logger":"access"') > 50
    assert log.telling() == []


@pytest.mark.services
async def test_s27_a_database_that_fails_tells_nobody(
    tmp_path: Path, log: Log, database_url: str, owner_url: str, redis_url: str
):
    settings = Settings(
        database_url=database_url, redis_url=redis_url, data_dir=str(tmp_path / "data"), log_format="json"
    )
    settings = msgspec.structs.replace(settings, search_refresh_seconds=0.0)
    # Who breaks the schema is not the shop.
    connection = await asyncpg.connect(owner_url)
    async with opened(settings, log) as shop:
        person = await life(shop)
        assert log.telling() == []
        for sql in FAILURES:
            await connection.execute(sql)
        here = person.headers
        # Her own cart stands in the way of a unique index; an error that quotes the row; a constraint.
        another = {"email": person.email, "address": person.address}
        guest = await shop.call("POST", "/carts", None, {})
        answers = [
            await shop.send("PUT", f"/carts/{guest['id']}/address", another, {"x-cart-token": guest["token"]}),
            await shop.send("POST", "/users/me/addresses", {"address": person.address, "label": person.city}, here),
            await shop.send("PATCH", "/users/me", {"name": "Oddette Qvist"}, here),
        ]
        assert [answer.status for answer in answers] == [409, 500, 409], answers
        assert all(word.encode() not in answer.body.lower() for answer in answers for word in WORDS)
        # What a subscriber cannot write becomes a dead letter.
        body = {"email": "oddette@qvist.example", "password": PASSWORD, "name": "Oddette Qvist"}
        await shop.send("POST", "/auth/register", body)
        for _ in range(6):
            await connection.execute("update platform.outbox_delivery set run_after = now() where state = 'pending'")
            await shop.app.deliverer.drain()
        letters = await shop.app.infra.deliveries().dead()
    await connection.close()
    assert [letter.subscriber for letter in letters if "refuses_her" in letter.last_error] != []
    assert [letter.last_error for letter in letters if any(w in letter.last_error.lower() for w in WORDS)] == []
    text = log.text()
    assert "Traceback" in text
    assert "dead letter" in text
    assert "refuses_her" in text
    assert log.telling() == []


_RAISE = """
create function users.quote_her() returns trigger language plpgsql as
$$ begin raise exception using errcode = 'XX001', message = 'broken', detail = new::text, hint = new.label; end $$
"""
FAILURES = (
    "create unique index one_cart on carts.cart (email) where status = 'active'",
    "alter table users.profile add constraint refuses_her check (name not like 'Oddette%') not valid",
    _RAISE,
    "create trigger quote_her before insert on users.address for each row execute function users.quote_her()",
)


@pytest.mark.services
async def test_s27_errors_of_the_database_are_told_without_values(database_url: str):
    """Both doors to the database: the driver and SQLAlchemy; and the negative control, that the errors do tell."""
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    from merx.infra.postgres.database import Database

    database = Database(Settings(database_url=database_url))
    words = "Oddvar Qvistgaard"
    statements = (
        f"insert into users.customer_group (id, version, code, name) values (gen_random_uuid(), 1, 'x', '{words}')",
        "select cast(cast(:word as text) as integer)",
        "do $$ begin raise unique_violation using message = 'broken', detail = 'Key=(Oddvar Qvistgaard)'; end $$",
    )
    told = []
    try:
        for sql in statements:
            async with database.transaction() as link:
                with pytest.raises(DBAPIError) as wrapped:
                    await link.orm.execute(text(sql), {"word": words} if ":word" in sql else {})
                cause = wrapped.value.orig.__cause__ if wrapped.value.orig is not None else None
                assert isinstance(cause, asyncpg.PostgresError)
                assert words in f"{cause} {wrapped.value}"
                told += [trace_of(wrapped.value).replace(sql, ""), trace_of(cause), text_of(cause)]
                assert f"sqlstate={cause.sqlstate}" in text_of(cause)
                await link.orm.rollback()
                await link.driver.execute("rollback")
            async with database.transaction() as link:
                with pytest.raises(asyncpg.DataError) as refused:
                    await link.driver.fetch("select $1::integer", words)
                assert words in str(refused.value)
                told.append(trace_of(refused.value))
    finally:
        await database.close()
    assert [each for each in told if words in each.replace(f'words = "{words}"', "")] == []


def test_s27_traces_show_causes_and_groups():
    def inner() -> None:
        raise ValueError("first")

    try:
        try:
            inner()
        except ValueError as error:
            raise ExceptionGroup("many", [KeyError("second")]) from error
    except ExceptionGroup as error:
        text = trace_of(error)
    assert text.index("ValueError: first") < text.index("direct cause") < text.index("ExceptionGroup: many")
    assert "KeyError: 'second'" in text
    assert "in inner" in text
