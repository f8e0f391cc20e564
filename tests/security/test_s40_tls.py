"""S40: PostgreSQL and Redis are spoken to by TLS, with the server that the address names and with no other.

The servers of the wheels are built without TLS: it ends in front of them, in this process.
"""

import asyncio
import contextlib
import os
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import msgspec
import pytest
import redis.asyncio
from cryptography.x509.oid import ExtendedKeyUsageOID
from redis.exceptions import ConnectionError as RedisLost
from taskiq import BrokerMessage

from merx.bootstrap.failures import sentence
from merx.bootstrap.migrate import migrate
from merx.infra.postgres import Database
from merx.infra.redis import redis_client
from merx.infra.server_refused import ServerRefused
from merx.infra.settings import Settings
from merx.infra.tasks.broker import StreamBroker
from merx.kernel.errors import Unavailable
from tests.support.authority import Authority
from tests.support.tls_front import Front

pytestmark = pytest.mark.services

# What stands there, and what is said of it.
CASES = {
    "another authority": "its certificate is signed by no authority that {} names",
    "another host": "its certificate is for another host",
    "expired": "its certificate has expired",
    "in the clear": "it does not speak TLS",
}


class Place:
    """Servers that show this and that, and what a client believes in."""

    def __init__(self, folder: Path, database_url: str, redis_url: str) -> None:
        self.ours, self.theirs = Authority(folder, "ours"), Authority(folder, "theirs")
        self._database, self._redis = urlsplit(database_url), urlsplit(redis_url)

    def asking(self) -> ssl.SSLContext:
        """A server that lets in those alone who show a certificate too."""
        context = self.ours.server()
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.ours.file)
        return context

    @contextlib.asynccontextmanager
    async def settings(self, case: str, **others: object) -> AsyncIterator[tuple[Settings, Front, Front]]:
        context = {
            "good": self.ours.server(),
            "another authority": self.theirs.server(),
            "another host": self.ours.server("db.example"),
            "expired": self.ours.server(until=-timedelta(days=1)),
            "in the clear": None,
            "asks who we are": self.asking(),
        }[case]
        postgres = Path(parse_qs(self._database.query)["host"][0]) / ".s.PGSQL.5432"
        async with (
            Front(postgres, context, postgres=True).open() as database,
            Front(Path(self._redis.path), context, postgres=False).open() as valkey,
        ):
            user = self._database.netloc.partition("@")[0]
            yield (
                Settings(
                    database_url=f"postgresql://{user}@localhost:{database.port}{self._database.path}?sslmode=verify-full",
                    database_ca_file=str(self.ours.file),
                    redis_url=f"rediss://localhost:{valkey.port}/0",
                    redis_ca_file=str(self.ours.file),
                    redis_timeout_ms=500 if case == "in the clear" else 2_000,
                    **others,
                ),
                database,
                valkey,
            )


@pytest.fixture
def place(tmp_path: Path, owner_url: str, redis_url: str) -> Place:
    return Place(tmp_path, owner_url, redis_url)


async def by_reader(settings: Settings) -> None:
    database = Database(settings)
    try:
        await database.ping()
    finally:
        await database.close()


async def by_transaction(settings: Settings) -> None:
    database = Database(settings)
    try:
        async with database.transaction() as link:
            assert await link.driver.fetchval("select 1") == 1
            await link.driver.execute("rollback")
    finally:
        await database.close()


async def by_alone(settings: Settings) -> None:
    connection = await Database(settings).connect()
    await connection.close()


async def by_migration(settings: Settings) -> None:
    await migrate(settings.owner_url, ca_file=settings.database_ca_file)


async def by_client(settings: Settings) -> None:
    async with redis_client(settings) as client:
        assert await client.ping()


async def by_broker(settings: Settings) -> None:
    broker = StreamBroker(settings, block=50)
    try:
        await broker.kick(BrokerMessage(task_id="x", task_name="x", message=b"x", labels={}))
        # What taskiq itself would use, if it used it.
        async with redis.asyncio.Redis(connection_pool=broker.connection_pool) as client:
            assert await client.ping()
        message = await anext(broker.listen())
        assert message.data == b"x"
    finally:
        await broker.shutdown()


Client = Callable[[Settings], Awaitable[None]]
DATABASE: list[Client] = [by_reader, by_transaction, by_alone, by_migration]
REDIS: list[Client] = [by_client, by_broker]


async def test_s40_every_client_connects_to_the_server_that_proves_its_name(place: Place):
    async with place.settings("good") as (settings, database, valkey):
        for client in [*DATABASE, *REDIS]:
            before = database.in_tls + valkey.in_tls
            await client(settings)
            assert database.in_tls + valkey.in_tls > before, client
        assert (database.in_clear, valkey.in_clear) == (0, 0)


@pytest.mark.parametrize("case", CASES)
async def test_s40_every_client_refuses_another_and_says_why_in_one_sentence(place: Place, case: str):
    wrong = []
    async with place.settings(case) as (settings, database, valkey):
        for server, variable, clients in (
            ("PostgreSQL", "MERX_DATABASE_CA_FILE", DATABASE),
            ("Redis", "MERX_REDIS_CA_FILE", REDIS),
        ):
            expected = f"{server} is not trusted: {CASES[case].format(variable)}."
            if (server, case) == ("Redis", "in the clear"):
                expected = "Redis does not answer in TLS: it speaks none, or it is away."
            for client in clients:
                try:
                    await client(settings)
                except (ServerRefused, Unavailable) as error:
                    said = sentence(error)
                except RedisLost as error:
                    said = str(error)
                else:
                    said = "nothing"
                if said != expected:
                    wrong.append(f"{client.__name__}: {said}")
        assert wrong == []
        assert (database.in_tls, valkey.in_tls) == (0, 0)
        assert database.in_clear == 0 or case == "in the clear"


async def test_s40_the_control_a_client_that_only_wants_tls_takes_any_server(place: Place):
    """Else the cases above could fail for another reason than the proof."""
    for case in ("another authority", "another host", "expired"):
        async with place.settings(case) as (settings, database, _):
            await by_reader(Settings(database_url=settings.database_url.replace("verify-full", "require")))
            assert (database.in_tls, database.in_clear) == (1, 0)


async def test_s40_the_authorities_of_the_system_do_not_count_beside_ours(place: Place, monkeypatch):
    """A certificate that a public authority gave to somebody else opens nothing."""
    monkeypatch.setenv("SSL_CERT_FILE", str(place.theirs.file))
    async with place.settings("another authority") as (settings, _, _):
        for client in (by_reader, by_client):
            with pytest.raises((Unavailable, RedisLost)):
                await client(settings)
        # Without a file of ours they do.
        await by_reader(Settings(database_url=settings.database_url))
        await by_client(Settings(redis_url=settings.redis_url))


async def test_s40_a_certificate_of_ours_is_shown_where_it_is_asked_for(place: Place):
    own = place.ours.signed("merx", ExtendedKeyUsageOID.CLIENT_AUTH)
    async with place.settings("asks who we are") as (settings, database, valkey):
        for client in (by_reader, by_client):
            with pytest.raises((Unavailable, RedisLost)):
                await client(settings)
        shown = msgspec.structs.replace(
            settings,
            database_url=f"{settings.database_url}&sslcert={own}&sslkey={own}",
            redis_url=f"{settings.redis_url}?ssl_certfile={own}&ssl_keyfile={own}",
        )
        for client in (*DATABASE, *REDIS):
            await client(shown)
        assert (database.in_clear, valkey.in_clear) == (0, 0)


async def test_s40_a_server_that_is_not_trusted_any_more_is_logged_once(place: Place, capsys):
    async with place.settings("expired") as (settings, _, _):
        database = Database(settings)
        for _ in range(3):
            with pytest.raises(Unavailable, match="the database is not available"):
                await database.ping()
    assert capsys.readouterr().err.count("PostgreSQL is not trusted: its certificate has expired.") == 1


async def command(settings: Settings, *words: str) -> tuple[int, str]:
    """`merx …` as a process, and what it says."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MERX_", "PG"))}
    names = ("database_url", "database_ca_file", "redis_url", "redis_ca_file", "storage")
    environment |= {f"MERX_{name.upper()}": str(getattr(settings, name)) for name in names}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "merx", *words, env=environment, stdout=-1, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, out.decode()


async def test_s40_the_command_line_too(place: Place):
    async with place.settings("good") as (settings, _, _):
        assert await command(settings, "migrate") == (0, "The database schema is up to date.\n")
    async with place.settings("another host") as (settings, _, _):
        refused = "merx: PostgreSQL is not trusted: its certificate is for another host.\n"
        assert await command(settings, "migrate") == (1, refused)
        code, said = await command(settings, "audit", "verify")
        assert (code, said.splitlines()[-1] + "\n") == (1, refused)


async def test_s40_the_servers_of_the_wheels_have_no_tls_of_their_own(owner_url: str):
    """The day they do, they take the place of the front."""
    connection = await asyncpg.connect(owner_url)
    assert await connection.fetchval("show ssl") == "off"
    with pytest.raises(asyncpg.PostgresError, match="SSL is not supported"):
        await connection.execute("alter system set ssl = on")
    await connection.close()
