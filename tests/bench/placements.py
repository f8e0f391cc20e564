"""Orders placed over HTTP on carts that are ready, against pgbench: over many products, and all of one product.

The floor is PostgreSQL's own load generator with a script that does the least an order needs, in SQL, one commit each:
lock the stock row with `select … for update`, take the unit, insert the order and its line into tables without further
indexes. Merx checks token, idempotency key, price and shipping, writes order, line, history, allocation, ledger, bill,
events for their subscribers and the kept answer, and combines what waits into one commit.
"""

import argparse
import re
import statistics
import subprocess
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from merx.infra.embedded import binaries
from merx.infra.embedded.account import server_account
from tests.bench.kit import servers
from tests.bench.kit.load import Run, User, drive
from tests.bench.kit.measure import Figure, parser
from tests.bench.kit.shop import API, ReadyCart, Shop, place_order, shop

TABLES = """
    create schema bench;
    create table bench.stock (product_id int primary key, qty int not null check (qty >= 0)) with (fillfactor = 70);
    create table bench.orders (id uuid primary key default uuidv7(), user_id bigint not null, status text not null,
                               total bigint not null, currency text not null, at timestamptz not null default now());
    create table bench.order_line (order_id uuid not null, n smallint not null, product_id int not null,
                                   qty int not null, unit bigint not null, title text not null,
                                   primary key (order_id, n));
    insert into bench.stock select n, 100000000 from generate_series(1, 1000) n;
"""
SCRIPT = """
\\set p {product}
\\set u random(1, 1000000)
begin;
select qty from bench.stock where product_id = :p for update;
update bench.stock set qty = qty - 1 where product_id = :p;
insert into bench.orders (user_id, status, total, currency) values (:u, 'placed', 1999, 'USD') returning id \\gset
insert into bench.order_line values (:id, 1, :p, 1, 1999, 'A product with a name of usual length');
commit;
"""
PRODUCTS = {"many": "random(1, 1000)", "hot": "1"}


def run(arguments: list[str]) -> list[Figure]:
    options = parser(__doc__, seconds=2.0, rounds=5, connections=64).parse_args(arguments)
    with shop() as made:
        for statement in TABLES.strip().split(";\n"):
            made.sql(statement)
        found = measure(made, options)
    texts = {}
    for name in PRODUCTS:
        merx = [run for run, _ in found[name]]
        p50, p99 = (statistics.median(run.quantile(part) for run in merx) * 1000 for part in (0.5, 0.99))
        rate = statistics.median(run.rate for run in merx)
        floor = statistics.median(floor for _, floor in found[name])
        texts[name] = f"merx {rate:,.0f}/s, p50 {p50:.0f} ms, p99 {p99:.0f} ms; pgbench {floor:,.0f}/s"
    ratios = {name: statistics.median(run.rate / floor for run, floor in found[name]) for name in PRODUCTS}
    return [
        Figure(
            what="order placements, many products",
            value=ratios["many"],
            unit="of pgbench",
            target=0.4,
            detail=texts["many"],
        ),
        Figure(
            what="order placements, one hot product",
            value=ratios["hot"],
            unit="of `for update` in SQL",
            target=1.0,
            detail=texts["hot"],
        ),
    ]


def measure(made: Shop, options: argparse.Namespace) -> dict[str, list[tuple[Run, float]]]:
    with servers.serving(servers.api(made.home, made.environment)) as merx:
        merx.ready(f"{API}/health/ready")
        variants = made.variants(1000)
        # Enough for 5,000 a second, the warm-up included.
        number = int(5000 * (options.seconds * options.rounds + 1))
        carts = {
            "many": iter(made.ready_carts(merx, [[variant] for variant in variants], number)),
            "hot": iter(made.ready_carts(merx, [[variants[0]]], number)),
        }
        found: dict[str, list[tuple[Run, float]]] = {name: [] for name in PRODUCTS}
        for name in PRODUCTS:
            drive(merx.port, buyers(carts[name], options.connections), 1).expect(201)
            pgbench(made, name, options, 1)
        for turn in range(options.rounds):
            for name in PRODUCTS:
                before = merx.cpu()
                if turn % 2:
                    floor = pgbench(made, name, options, options.seconds)
                run = drive(merx.port, buyers(carts[name], options.connections), options.seconds).expect(201)
                if not turn % 2:
                    floor = pgbench(made, name, options, options.seconds)
                found[name].append((run, floor))
                used = (merx.cpu() - before) / len(run.times) * 1e6
                print(f"{name:<6}merx {run.rate:>7,.0f}/s {used:>6,.0f} µs CPU   pgbench {floor:>7,.0f}/s", flush=True)
        return found


def buyers(carts: Iterator[ReadyCart], connections: int) -> list[User]:
    """All take from one heap of carts; each cart is ordered once."""

    def buyer() -> User:
        for cart in carts:
            yield place_order(cart)

    return [buyer() for _ in range(connections)]


def pgbench(made: Shop, name: str, options: argparse.Namespace, seconds: float) -> float:
    """Transactions per second."""
    script = made.home / f"{name}.sql"
    script.write_text(SCRIPT.format(product=PRODUCTS[name]))
    parts = urlsplit(made.url)
    program = binaries.postgres_programs(server_account(made.home / "pg")) / "pgbench"
    command = [str(program), "-n", "-M", "prepared", "-f", str(script), "-c", str(options.connections), "-j", "2"]
    where = ["-h", parse_qs(parts.query)["host"][0], "-U", str(parts.username), parts.path.lstrip("/")]
    command += ["-T", str(max(1, round(seconds))), *where]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    rate = re.search(r"tps = ([\d.]+)", done.stdout)
    if rate is None:
        raise RuntimeError(f"pgbench: {done.stderr}")
    return float(rate[1])
