"""500 buyers want 50 units of one variant, over HTTP; then the same with a careless shop, which sells too much.

Every buyer opens a cart, adds the unit, gives an address, looks at the ways to ship and chooses one. When all are
ready, all order at the same instant, each on a connection of its own. Then the database is asked whether exactly 50
were sold and whether the ledger proves the stock. The careless shop looks first and takes later, without a lock.
"""

import argparse
import statistics
from collections import Counter
from time import perf_counter
from typing import Any
from uuid import UUID

from tests.bench.kit import servers
from tests.bench.kit.load import Answer, User, drive
from tests.bench.kit.measure import Figure
from tests.bench.kit.shop import API, AT_ONCE, ReadyCart, Shop, made, place_order, shop

CARELESS = "tests.support.careless:careless_api"
SET_STOCK = """
    with s as (update inventory.stock set on_hand = allocated + $2 where variant_id = $1 returning *)
    insert into inventory.movement (id, variant_id, location_id, kind, on_hand, allocated, reason, actor, at)
    select uuidv7(), s.variant_id, s.location_id, 'adjusted',
           s.on_hand - (select coalesce(sum(m.on_hand), 0) from inventory.movement m
                         where m.variant_id = s.variant_id and m.location_id = s.location_id),
           0, 'race', 'system', now() from s returning id
"""
LEFT = "select on_hand - allocated, allocated from inventory.stock where variant_id = $1"
SOLD = "select coalesce(sum(quantity), 0), count(distinct order_id) from orders.order_line where variant_id = $1"
UNPROVED = """
    select s.variant_id from inventory.stock s
      left join (select variant_id, location_id, sum(on_hand) h, sum(allocated) a
                   from inventory.movement group by 1, 2) m using (variant_id, location_id)
     where s.variant_id = $1 and (s.on_hand <> coalesce(m.h, 0) or s.allocated <> coalesce(m.a, 0))
"""


def run(arguments: list[str]) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--buyers", type=int, default=500)
    parser.add_argument("--units", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    with shop(300) as seller:
        *wanted, last = seller.variants(options.rounds + 1)
        with servers.serving(servers.api(seller.home, seller.environment)) as merx:
            merx.ready(f"{API}/health/ready")
            rounds = [race(seller, merx, variant, options.buyers, options.units) for variant in wanted]
        environment = seller.environment | {"MERX_POOL_WAIT_MS": "60000", "MERX_DATABASE_POOL": "20"}
        with servers.serving(servers.asgi(CARELESS, seller.home, environment, "careless")) as careless:
            careless.ready(f"{API}/health/ready")
            control = race(seller, careless, last, options.buyers, options.units)
    refusals = options.buyers - options.units
    for found in rounds:
        if (found["sold"], found["refused"], found["left"], found["unproved"]) != (options.units, refusals, 0, 0):
            raise RuntimeError(f"not exact: {found}")
    if control["sold"] <= options.units:
        raise RuntimeError(f"the control sold {control['sold']}: this race proves nothing")
    slowest = max(found["whole"] for found in rounds)
    usual, orders = (statistics.median(found[part] for found in rounds) for part in ("whole", "orders"))
    proved = f"exactly {options.units} orders, {refusals} times sold out, stock 0, ledger proved, in each of "
    return [
        Figure(
            what=f"{options.buyers} buyers, {options.units} units: from the first order to the last answer",
            value=orders,
            unit="s",
            target=2.0,
            good="at most",
            detail=f"{proved}{options.rounds} rounds; the careless control sold {control['sold']}",
        ),
        Figure(
            what="the same with filling all carts, median",
            value=usual,
            unit="s",
            target=4.0,
            good="at most",
            detail=f"{6 * options.buyers:,} requests; slowest round {slowest:.2f} s",
        ),
    ]


def race(seller: Shop, server: servers.Server, variant: UUID, buyers: int, units: int) -> dict[str, Any]:
    seller.sql(SET_STOCK, variant, units)
    told: list[Answer] = []
    carts: list[ReadyCart] = []

    def orders(cart: ReadyCart) -> User:
        told.append((yield place_order(cart)))

    began = perf_counter()
    for start in range(0, buyers, AT_ONCE):
        crowd = [made([variant], carts) for _ in range(min(AT_ONCE, buyers - start))]
        drive(server.port, crowd, 60)
    ready = perf_counter()
    drive(server.port, [orders(cart) for cart in carts], 60)
    over = perf_counter()
    kinds = Counter(f"{answer.status} {answer.json().get('slug', '')}".strip() for answer in told)
    left, promised = seller.sql(LEFT, variant)[0]
    units_sold, orders_sold = seller.sql(SOLD, variant)[0]
    found = {
        "whole": over - began,
        "orders": over - ready,
        "answers": dict(kinds),
        "sold": int(units_sold),
        "refused": kinds["409 orders.sold-out"],
        "left": left,
        "unproved": len(seller.sql(UNPROVED, variant)),
    }
    if (units_sold, orders_sold) != (kinds["201"], kinds["201"]):
        raise RuntimeError(f"{orders_sold} orders are stored, {kinds} were answered, {promised} are promised")
    print(f"{server.name:<9} carts {ready - began:.2f} s, orders {over - ready:.2f} s: {found}", flush=True)
    return found
