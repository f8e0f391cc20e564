"""What the same machine gives without a framework: bare ASGI applications in the same server.

Each is a factory for uvicorn and runs the very statements of Merx on an asyncpg pool whose release costs no round trip,
puts the rows into the views of Merx and encodes them with msgspec. No routing, no checks, no headers beyond two.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

import asyncpg
import msgspec

from merx.infra.batching import BatchLoader

Respond = Callable[[asyncpg.Pool, str], Awaitable[bytes]]
HEADERS = [(b"content-type", b"application/json")]


async def keep(_: asyncpg.Connection) -> None:
    """Instead of the reset that asyncpg sends when a connection goes back."""


def reading(respond: Respond) -> Any:
    """An application that answers every request with `respond(pool, path)`."""
    pool: asyncpg.Pool | None = None

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal pool
        if scope["type"] == "lifespan":
            await receive()
            pool = await asyncpg.create_pool(os.environ["MERX_DATABASE_URL"], min_size=6, max_size=6, reset=keep)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await pool.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        assert pool is not None
        body = await respond(pool, scope["path"])
        headers = [*HEADERS, (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def cached() -> Any:
    """Bytes out of a dictionary: path to body, loaded at the first request from what Merx answers."""
    kept: dict[str, bytes] = {}

    async def respond(pool: asyncpg.Pool, path: str) -> bytes:
        body = kept.get(path)
        if body is None:
            body = kept[path] = await detail_of(pool, path)
        return body

    return reading(respond)


async def detail_of(pool: asyncpg.Pool, path: str) -> bytes:
    from merx.contexts.catalog.adapters.postgres import queries

    slug = unquote(path.rpartition("/")[2])
    rows = await pool.fetch(queries._BY_SLUG.sql, [slug])
    return msgspec.json.encode(queries._detail(rows[0]))


def detail() -> Any:
    """One query a request."""
    return reading(detail_of)


def detail_batched() -> Any:
    """Requests of one moment share a query."""
    from merx.contexts.catalog.adapters.postgres import queries

    pools: list[asyncpg.Pool] = []

    async def load(slugs: list[str]) -> dict[str, bytes]:
        rows = await pools[0].fetch(queries._BY_SLUG.sql, slugs)
        return {row[1]: msgspec.json.encode(queries._detail(row)) for row in rows}

    loader: BatchLoader[str, bytes] = BatchLoader(load)

    async def respond(pool: asyncpg.Pool, path: str) -> bytes:
        if not pools:
            pools.append(pool)
        return await loader.get(unquote(path.rpartition("/")[2])) or b""

    return reading(respond)


def listing() -> Any:
    """The first 20 products of a category, newest first. The path ends in `/{category}/products`."""
    from merx.contexts.catalog.adapters.postgres import listing as lists
    from merx.contexts.catalog.ports.keys import next_cursor
    from merx.contexts.catalog.ports.queries import Sort
    from merx.kernel.paging import Page

    statement = lists._statement((str, None, False, False, False, False, (), False, Sort.newest, False))

    async def respond(pool: asyncpg.Pool, path: str) -> bytes:
        slug = unquote(path.split("/")[-2])
        rows = await pool.fetch(statement.sql, *statement.arguments({"category": slug, "limit": 21}))
        following = next_cursor(rows[19][10], rows[19][0]) if len(rows) > 20 else None
        return msgspec.json.encode(Page([lists._summary(row) for row in rows[:20]], following))

    return reading(respond)
