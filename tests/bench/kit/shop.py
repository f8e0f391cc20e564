"""A shop to measure: migrated, with the sample catalogue, stock, shipping, and carts that are ready to be ordered."""

import asyncio
import gzip
import io
import random
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from merx.bootstrap.container import App
from merx.bootstrap.migrate import upgrade
from merx.infra.guest_tokens import GuestTokens
from merx.infra.settings import Settings
from merx.kernel.ids import new_id
from tests.bench.kit.load import Answer, User, drive, request
from tests.bench.kit.servers import Server, folder, postgres

SECRET = "a secret of the benchmarks, 32 bytes or more"
UNITS = 1_000_000
API = "/api/v1"
# Who waits longer than `pool_wait_ms` for a connection is sent away; preparing is no test of that.
AT_ONCE = 50
ADDRESS = {
    "email": "buyer@example.com",
    "address": {
        "name": "Ada Buyer",
        "line1": "1 Market Street",
        "city": "San Francisco",
        "region": "CA",
        "country": "US",
        "postal_code": "94105",
    },
}


class ReadyCart(NamedTuple):
    id: UUID
    token: str
    total: dict[str, Any]


class Shop:
    """`environment` is for `merx serve` and for floors."""

    def __init__(self, home: Path, url: str) -> None:
        self.home, self.url = home, url
        self.tokens = GuestTokens(SECRET.encode())
        self.environment = {
            "MERX_DATABASE_URL": url,
            "MERX_DATA_DIR": str(home / "data"),
            "MERX_SECRET": SECRET,
            # uvicorn's own lines and ours go to a file, not to a terminal.
            "MERX_LOG_FORMAT": "json",
        }

    def settings(self) -> Settings:
        return Settings(database_url=self.url, data_dir=str(self.home / "data"), secret=SECRET)

    def with_app(self, work: Callable[[App], Awaitable[Any]]) -> Any:
        """Runs `work` with the wired application in this process."""

        async def run() -> Any:
            app = App(self.settings())
            try:
                return await work(app)
            finally:
                await app.close()

        return asyncio.run(run())

    def sql(self, statement: str, *arguments: Any) -> list[asyncpg.Record]:
        async def run() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.url)
            try:
                return list(await connection.fetch(statement, *arguments))
            finally:
                await connection.close()

        return asyncio.run(run())

    def settle(self) -> None:
        """Statistics and visibility as autovacuum leaves them. Empty tables stay as they are: planned for as empty ones
        they would be read from end to end long after the first thousand rows.
        """
        for row in self.sql(
            """
            select format('%I.%I', relnamespace::regnamespace::text, relname) from pg_class
             where relkind = 'r' and pg_relation_size(oid) > 0
               and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'pg_toast')
            """
        ):
            self.sql(f"vacuum analyze {row[0]}")

    def product_paths(self, number: int) -> list[str]:
        """Of visible products, in no order that an index has."""
        slugs = [row[0] for row in self.sql("select slug from catalog.listing order by slug")]
        return [f"{API}/products/{slug}" for slug in random.Random(1).sample(slugs, min(number, len(slugs)))]

    def variants(self, number: int, seed: int = 1) -> list[UUID]:
        """Some variants that are on sale and in stock, the same ones every time."""
        found = self.sql("select variant_id from catalog.availability where available > 0 order by variant_id")
        return [row[0] for row in random.Random(seed).sample(found, min(number, len(found)))]

    def ready_carts(self, server: Server, lines: Sequence[Sequence[UUID]], number: int) -> list[ReadyCart]:
        """`number` guest carts with address and shipping, their lines taken from `lines` in turn.

        One of each kind is made through the API, the others are copies of it in the database.
        """
        models: list[ReadyCart] = []
        everybody = [made(variants, models) for variants in lines]
        for start in range(0, len(everybody), AT_ONCE):
            drive(server.port, everybody[start : start + AT_ONCE], 60).expect(200, 201)
        copies = -(-number // len(models))
        totals = {model.id: model.total for model in models}
        rows = self.sql(
            """
            insert into carts.cart (id, version, currency, created_at, updated_at, status, email, address, shipping,
                                    lines, merged_into)
            select uuidv7(), version, currency, created_at, updated_at, status, email, address, shipping, lines, id
              from carts.cart cross join generate_series(1, $2) where id = any($1)
            returning id, merged_into
            """,
            [model.id for model in models],
            copies,
        )
        carts = [ReadyCart(row[0], self.tokens.issue("cart", row[0]), totals[row[1]]) for row in rows]
        self.sql("update carts.cart set merged_into = null where merged_into is not null")
        # Statistics and visibility as autovacuum would have left them in a shop that is not a minute old.
        self.sql("vacuum analyze carts.cart")
        random.Random(1).shuffle(carts)
        return carts[:number]


def made(variants: Sequence[UUID], done: list[ReadyCart]) -> User:
    done.append((yield from fill_cart(variants)))


def fill_cart(variants: Sequence[UUID]) -> Generator[bytes, Answer, ReadyCart]:
    """A guest's requests from an empty cart up to the point where only the order is missing."""
    opened = json_of((yield request("POST", f"{API}/carts", {})), 201)
    path, key = f"{API}/carts/{opened['id']}", {"x-cart-token": opened["token"]}
    for variant in variants:
        json_of((yield request("POST", f"{path}/lines", {"variant_id": str(variant), "quantity": 1}, key)), 201)
    json_of((yield request("PUT", f"{path}/address", ADDRESS, key)))
    offered = json_of((yield request("GET", f"{path}/shipping-options", None, key)))["items"]
    chosen = {"method_id": offered[0]["method_id"]}
    cart = json_of((yield request("PUT", f"{path}/shipping", chosen, key)))
    return ReadyCart(UUID(cart["id"]), opened["token"], cart["total"])


def json_of(answer: Answer, status: int = 200) -> dict[str, Any]:
    if answer.status != status:
        raise RuntimeError(f"{answer.status} instead of {status}: {answer.body.decode(errors='replace')[:1000]}")
    return answer.json()


def place_order(cart: ReadyCart) -> bytes:
    body = {"cart_id": str(cart.id), "payment_method": "cod", "expected_total": cart.total}
    headers = {"x-cart-token": cart.token, "idempotency-key": new_id().hex}
    return request("POST", f"{API}/orders", body, headers)


@contextmanager
def shop(products: int = 2000) -> Iterator[Shop]:
    """A fresh shop on its own PostgreSQL, gone afterwards. `products` of the sample catalogue, the last ones."""
    with folder() as home, postgres(home) as server:
        upgrade(server.url)
        made_shop = Shop(home, server.url)
        made_shop.with_app(lambda app: stock(app, sample(products)))
        made_shop.settle()
        yield made_shop


def sample(products: int) -> bytes:
    lines = gzip.decompress((files("merx") / "data" / "catalogue.jsonl.gz").read_bytes()).splitlines()
    return b"\n".join(lines[-products:])


async def stock(app: App, feed: bytes) -> None:
    """Imports a feed and puts a million units of everything on the shelf."""
    imports = app.contexts.catalog.import_catalogue()
    count = app.contexts.inventory.count_stock()
    run = await imports.run_for("benchmark", "benchmark")
    async for batch in imports.batches(run, io.BytesIO(feed)):
        if batch.problems:
            raise RuntimeError(f"{len(batch.problems)} rows were refused, the first: {batch.problems[0]}")
        await count.open_with(dict.fromkeys(batch.stock, UNITS))
    await app.contexts.shipping.seed_shipping()()
    await app.deliverer.drain()
