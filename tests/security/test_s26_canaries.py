"""S26: secrets that people and programs send, and those of the shop, are in no log, no error, no row and no queue.

The main journeys are played with secrets that are known to this test; afterwards everything that was kept is searched.
"""

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import msgspec
import pytest
from loguru import logger

from tests.security.canaries import DATABASE_PASSWORD, NEW_PASSWORD, Canaries, Log, canary_settings, playing
from tests.security.canary_doors import doors
from tests.support.usual_log import log_as_usual


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    yield Log(tmp_path / "log")
    log_as_usual()
    logging.getLogger().handlers.clear()


async def test_s26_nothing_is_left_in_a_shop_in_memory(tmp_path: Path, log: Log):
    canaries = Canaries()
    async with playing(canary_settings(tmp_path, storage="memory"), log, canaries) as play:
        await play.people()
        await play.shopping()
        await play.programs()
        await doors(play, NEW_PASSWORD)
        tables = play.app.infra.store().tables
        assert {"platform.idempotency_key", "platform.outbox_event", "identity.session"} <= set(tables)
        rows = {name: repr(msgspec.to_builtins(list(table.items()), str_keys=True)) for name, table in tables.items()}
        document = play.client.app.openapi()
    assert len(canaries.secrets) > 45
    assert {name: canaries.found_in(text) for name, text in rows.items() if canaries.found_in(text)} == {}
    assert canaries.told() == []
    text = log.text()
    assert text.count("\n") > 40
    assert canaries.found_in(text) == []
    described = msgspec.json.encode(document).decode()
    assert canaries.found_in(described) == []
    assert not re.search(
        r"mx_(sk|rt|otc)_[\w-]{16,}|eyJ[\w-]{16,}|BEGIN [A-Z ]*PRIVATE|://[^/\s\"]+:[^/\s\"]+@", described
    )


@pytest.mark.services
async def test_s26_nothing_is_left_in_the_database_and_the_queue(
    tmp_path: Path, log: Log, database_url: str, redis_url: str
):
    import asyncpg
    import redis

    parts = urlsplit(database_url)
    # The servers of tests trust whoever reaches their socket: any password will do.
    with_password = urlunsplit(parts._replace(netloc=f"{parts.username}:{DATABASE_PASSWORD}@{parts.hostname or ''}"))
    canaries = Canaries()
    settings = canary_settings(tmp_path, database_url=with_password, redis_url=redis_url)
    async with playing(settings, log, canaries) as play:
        await play.people()
        await play.shopping()
        await play.programs()
        await doors(play, NEW_PASSWORD)
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        names = await connection.fetch(
            "select format('%I.%I', schemaname, tablename) as name from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        )
        rows = {}
        for record in names:
            found = await connection.fetch(f"select t::text as row, to_jsonb(t)::text as json from {record['name']} t")
            rows[record["name"]] = "\n".join(f"{each['row']} {each['json']}" for each in found)
            # Bytes are shown in hexadecimal.
            rows[record["name"]] += "".join(_unhexed(each["row"]) for each in found)
    finally:
        await connection.close(timeout=5)
    assert rows["platform.idempotency_key"]
    assert rows["platform.outbox_event"]
    assert {name: canaries.found_in(text) for name, text in rows.items() if canaries.found_in(text)} == {}
    with redis.Redis.from_url(redis_url, socket_timeout=5) as client:
        kept = "".join(_shown(client, name) for name in client.keys("*"))
    assert "stream" in kept or "merx" in kept
    assert canaries.found_in(kept) == []
    assert canaries.told() == []
    assert canaries.found_in(log.text()) == []


def _unhexed(text: str) -> str:
    return "".join(
        bytes.fromhex(found).decode("utf-8", "replace") for found in re.findall(r"\\+x((?:[0-9a-f]{2})+)", text)
    )


def _shown(client: Any, name: bytes) -> str:
    kind = client.type(name).decode()
    reading = {
        "string": client.get,
        "stream": client.xrange,
        "list": lambda key: client.lrange(key, 0, -1),
        "hash": client.hgetall,
        "zset": lambda key: client.zrange(key, 0, -1),
        "set": client.smembers,
    }
    return f"{name!r} {reading[kind](name)!r}"


async def test_s26_what_a_careless_log_says_is_hidden(log: Log):
    """The second lock: a secret in the text of a message or an exception."""
    for secret in (
        "mx_sk_" + "a" * 40,
        "mx_rt_" + "b" * 40,
        "mx_otc_" + "c" * 65,
        "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIx.c2ln",
    ):
        logger.warning("got {}", secret)
        try:
            raise ValueError(f"bad token {secret}")
        except ValueError:
            logger.exception("failed")
        assert secret not in log.text()
