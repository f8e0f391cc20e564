"""How near adding a line to a cart comes to the floor.

    python tests/bench/cart_add_line.py [--seconds 3] [--rounds 5] [--connections 32]

The floor is a bare ASGI application in the same server (uvicorn, uvloop, httptools, one process). For each request it
asks the catalogue, locks, writes and commits one cart with asyncpg, takes no precautions and encodes the same answer
with msgspec. Both servers stand side by side on one fresh PostgreSQL with synchronous commits; rounds alternate, and
the ratio is the median of the ratios of a round. Exit code 1 below `--least` (0.5). The load comes from this process:
everything shares the cores of the machine.
"""

import argparse
import asyncio
import io
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import UUID

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

import asyncpg  # noqa: E402
import msgspec  # noqa: E402
import psutil  # noqa: E402
import uvloop  # noqa: E402

CARTS, VARIANTS, LINES = 300, 200, 3
SERVER = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]


# ---------------------------------------------------------------------------------------------------------- the floor


class Body(msgspec.Struct):
    variant_id: UUID
    quantity: int


def floor() -> Any:
    """The bare application. Reads MERX_DATABASE_URL."""
    from merx.contexts.carts.adapters.postgres import carts
    from merx.contexts.carts.domain.cart import CartLine
    from merx.contexts.catalog.adapters.postgres import facade as catalog
    from merx.kernel.ids import new_id

    decode, encode = msgspec.json.Decoder(Body).decode, msgspec.json.Encoder().encode
    lines_of, options_of = msgspec.json.Decoder(list[CartLine]).decode, msgspec.json.Decoder(dict[str, str]).decode
    variants, lock, save = catalog._VARIANTS.sql, carts.LOCK.sql, carts.SAVE
    headers = [(b"content-type", b"application/json")]
    pool: asyncpg.Pool | None = None

    async def keep(_: Any) -> None:
        pass

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal pool
        if scope["type"] == "lifespan":
            await receive()
            pool = await asyncpg.create_pool(os.environ["MERX_DATABASE_URL"], min_size=10, max_size=10, reset=keep)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await pool.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        assert pool is not None
        cart_id = UUID(scope["path"].split("/")[4])
        body = decode((await receive())["body"])
        async with pool.acquire() as connection:
            rows = await connection.fetch(variants, [body.variant_id])
            await connection.execute("BEGIN")
            cart = await connection.fetchrow(lock, cart_id)
            lines = lines_of(cart["lines"])
            line = next((line for line in lines if line.variant_id == body.variant_id), None)
            if line is None:
                line = CartLine(id=new_id(), variant_id=body.variant_id, quantity=0, seen_price=rows[0][6])
                lines.append(line)
            line.quantity += body.quantity
            given = dict(cart) | {"lines": encode(lines).decode(), "cart_id": cart_id, "seen_version": cart["version"]}
            await connection.execute(save.sql, *save.arguments(given))
            await connection.execute("COMMIT")
            if others := [line.variant_id for line in lines if line.variant_id != body.variant_id]:
                rows += await connection.fetch(variants, others)
        found = {row[0]: row for row in rows}
        shown, total = [], 0
        for line in lines:
            row = found[line.variant_id]
            total += row[6] * line.quantity
            shown.append(
                {
                    "id": line.id,
                    "variant_id": line.variant_id,
                    "product_id": row[1],
                    "product_name": row[2],
                    "product_slug": row[3],
                    "sku": row[4],
                    "options": options_of(row[5]),
                    "quantity": line.quantity,
                    "unit_price": {"amount": row[6], "currency": row[7]},
                    "line_total": {"amount": row[6] * line.quantity, "currency": row[7]},
                    "available": row[9],
                }
            )
        money = {"amount": total, "currency": cart["currency"]}
        answer = {
            "id": cart_id,
            "currency": cart["currency"],
            "status": cart["status"],
            "version": cart["version"] + 1,
            "lines": shown,
            "items_total": money,
            "shipping": None,
            "total": money,
            "email": None,
            "address": None,
            "problems": [],
            "requirements": ["email", "address", "shipping_method"],
        }
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": encode(answer)})

    return app


# ----------------------------------------------------------------------------------------------------------- the load


class Caller(asyncio.Protocol):
    """One keep-alive connection that asks again as soon as it is answered."""

    def __init__(self, requests: list[bytes], until: float, times: list[float]) -> None:
        self._requests, self._until, self._times = requests, until, times
        self._buffer, self._sent = b"", 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        self._sent = perf_counter()
        if self._sent >= self._until:
            self._transport.close()
            return
        self._transport.write(random.choice(self._requests))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        if b"transfer-encoding: chunked" in self._buffer[:head]:
            if not self._buffer.endswith(b"0\r\n\r\n"):
                return
        else:
            at = self._buffer.index(b"content-length: ") + 16
            if len(self._buffer) < head + 4 + int(self._buffer[at : self._buffer.index(b"\r", at)]):
                return
        if not self._buffer.startswith(b"HTTP/1.1 201"):
            self.done.set_exception(RuntimeError(self._buffer.decode()[:2000]))
            self._transport.close()
            return
        self._buffer = b""
        self._times.append(perf_counter() - self._sent)
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None) if error is None else self.done.set_exception(error)


async def drive(port: int, requests: list[bytes], connections: int, seconds: float) -> list[float]:
    """Seconds of every request answered."""
    times: list[float] = []
    until = perf_counter() + seconds
    loop = asyncio.get_running_loop()
    callers = [
        (await loop.create_connection(lambda: Caller(requests, until, times), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(caller.done for caller in callers))
    return times


# -------------------------------------------------------------------------------------------------------- the servers


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Server:
    def __init__(self, factory: str, environment: dict[str, str], folder: Path) -> None:
        self.port = free_port()
        self._log = folder / f"{factory.rpartition(':')[2]}.log"
        command = [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", str(self.port), *SERVER]
        paths = os.pathsep.join((str(ROOT), str(ROOT / "src")))
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command, env={**os.environ, **environment, "PYTHONPATH": paths}, stdout=log, stderr=log
            )

    async def ready(self) -> None:
        for _ in range(200):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if self.process.poll() is not None:
                    break
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return
        raise RuntimeError(self._log.read_text())

    def cpu(self) -> float:
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()


async def sell(url: str) -> list[UUID]:
    """A small catalogue in stock; returns its variants."""
    from merx.bootstrap.container import build
    from merx.infra.settings import Settings

    app = build(Settings(database_url=url))
    imports = app.catalog.import_catalogue()
    rows = (
        {
            "id": f"bench-{n}",
            "name": f"Wireless headphones number {n}",
            "brand": "Acme",
            "category": ["Audio", "Headphones"],
            "price": 19.99,
            "currency": "USD",
            "variants": [{"sku": f"HP-{n}", "options": {"colour": "black", "size": "M"}, "price": 19.99}],
        }
        for n in range(VARIANTS)
    )
    stream = io.BytesIO(b"\n".join(map(msgspec.json.encode, rows)))
    run = await imports.run_for("bench", "bench")
    sold = [key async for batch in imports.batches(run, stream) for key in batch.stock]
    connection = await asyncpg.connect(url)
    await connection.execute(
        "insert into catalog.availability (variant_id, available, sequence) select unnest($1::uuid[]), 100000, 9"
        " on conflict (variant_id) do update set available = 100000, sequence = 9",
        sold,
    )
    await connection.close()
    assert len(sold) == VARIANTS
    return sold


async def fill(port: int, sold: list[UUID]) -> list[bytes]:
    """Guest carts of a few lines each, made through the API; returns the requests that add one more unit."""
    import httpx

    requests = []
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=10) as client:
        for _ in range(CARTS):
            cart = (await client.post("/carts", json={})).raise_for_status().json()
            for variant in random.sample(sold, LINES):
                body = msgspec.json.encode({"variant_id": variant, "quantity": 1})
                head = {"X-Cart-Token": cart["token"], "Content-Type": "application/json"}
                path = f"/carts/{cart['id']}/lines"
                (await client.post(path, content=body, headers=head)).raise_for_status()
                requests.append(
                    b"POST /api/v1%b HTTP/1.1\r\nHost: localhost\r\nX-Cart-Token: %b\r\nContent-Type: application/json"
                    b"\r\nContent-Length: %d\r\n\r\n%b" % (path.encode(), cart["token"].encode(), len(body), body)
                )
    return requests


async def main(options: argparse.Namespace) -> int:
    from merx.bootstrap.migrate import migrate
    from merx.infra.embedded import EmbeddedPostgres

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="merx-bench-")))
        postgres = EmbeddedPostgres(folder / "pg", run=folder / "run", log=folder / "pg.log")
        stack.push_async_callback(postgres.stop)
        await postgres.start()
        await migrate(postgres.url)
        sold = await sell(postgres.url)
        environment = {
            "MERX_DATABASE_URL": postgres.url,
            "MERX_DATA_DIR": str(folder / "data"),
            "MERX_ACCESS_LOG": "false",
        }
        merx = Server("merx.bootstrap.api:create_app", environment, folder)
        bare = Server("tests.bench.cart_add_line:floor", environment, folder)
        stack.callback(merx.stop)
        stack.callback(bare.stop)
        await merx.ready()
        await bare.ready()
        requests = await fill(merx.port, sold)
        for server in (bare, merx):
            await drive(server.port, requests, options.connections, 1)
        ratios = []
        print(f"{'round':<7}{'':<6}{'req/s':>8}{'CPU µs':>9}{'p50 ms':>9}{'p99 ms':>9}{'ratio':>8}")
        for number in range(1, options.rounds + 1):
            rates = []
            for name, server in (("floor", bare), ("merx", merx)):
                before, started = server.cpu(), perf_counter()
                times = sorted(await drive(server.port, requests, options.connections, options.seconds))
                rates.append(len(times) / (perf_counter() - started))
                cpu = (server.cpu() - before) / len(times) * 1e6
                p50, p99 = (times[int(len(times) * part)] * 1000 for part in (0.5, 0.99))
                line = f"{number:<7}{name:<6}{rates[-1]:>8.0f}{cpu:>9.0f}{p50:>9.2f}{p99:>9.2f}"
                print(line if name == "floor" else f"{line}{rates[1] / rates[0]:>8.2f}", flush=True)
            ratios.append(rates[1] / rates[0])
        ratio = statistics.median(ratios)
        print(json.dumps({"bench": "cart add-line", "ratio": round(ratio, 3), "least": options.least}))
    return 0 if ratio >= options.least else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="of one round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--least", type=float, default=0.5, help="ratio that must be reached")
    raise SystemExit(uvloop.run(main(parser.parse_args())))
