"""Kill -9 of the API, the worker, Valkey and PostgreSQL during checkouts: nothing is lost, nothing is doubled.

    python -m tests.bench kill_checkouts [--seed N] [--orders 200]

Starts `merx demo` on a free port in a temporary folder, places orders as guests, and kills a random process whenever
the shop has just stood up again. A request without an answer is repeated with the same key until it is decided. In the
end every acknowledged order is there exactly once, no cart became two orders, every mail was written once, and every
counter of stock is proved.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import redis

from merx.bootstrap.listen import free_port
from tests.bench.kit.measure import Figure

ADDRESS = {"name": "Ada", "line1": "1 Market Street", "city": "San Francisco"}
ADDRESS |= {"country": "US", "region": "CA", "postal_code": "94105"}
AT_ONCE = 16
VICTIMS = ("API", "worker", "Valkey", "PostgreSQL")

VIOLATIONS = {
    "a cart that became two orders": 'select cart_id from orders."order" group by 1 having count(*) > 1',
    "a completed cart without an order": """
        select c.id from carts.cart c left join orders."order" o on o.cart_id = c.id
         where c.status = 'completed' and o.id is null""",
    "an order whose lines do not sum up": """
        select o.id from orders."order" o
          join (select order_id, sum(line_total_amount) s from orders.order_line group by 1) l on l.order_id = o.id
         where o.items_total_amount <> l.s or o.total_amount <> l.s + o.shipping_total_amount""",
    "an order without exactly one payment": """
        select o.id from orders."order" o left join payments.payment p on p.order_id = o.id
         group by o.id having count(p.id) <> 1""",
    "stock that its ledger does not prove": """
        select s.variant_id from inventory.stock s left join (select variant_id, location_id, sum(on_hand) h,
               sum(allocated) a from inventory.movement group by 1, 2) m using (variant_id, location_id)
         where s.on_hand <> coalesce(m.h, 0) or s.allocated <> coalesce(m.a, 0) or s.allocated > s.on_hand""",
    "units promised that no order has": """
        select variant_id from (
               select variant_id, sum(quantity) q from inventory.allocation group by 1) a
          full join (select variant_id, sum(quantity - shipped - cancelled) q from orders.order_line group by 1) l
               using (variant_id)
         where coalesce(a.q, 0) <> coalesce(l.q, 0)""",
    "a delivery left over": "select id from platform.outbox_delivery where state <> 'done'",
}


class History:
    """What the client saw, request by request."""

    def __init__(self) -> None:
        self.acknowledged: dict[str, str] = {}
        self.outcomes: Counter[str] = Counter()
        self.kills: Counter[str] = Counter()


async def _until_decided(client: httpx.AsyncClient, method: str, path: str, **options: Any) -> httpx.Response:
    """Repeat while nobody knows what happened; checkout carries its key, the rest is safe to repeat here."""
    for _ in range(240):
        with contextlib.suppress(httpx.TransportError):
            answer = await client.request(method, path, **options)
            if answer.status_code < 500:
                return answer
        await asyncio.sleep(0.25)
    raise SystemExit(f"{method} {path} was never decided")


async def _buy(client: httpx.AsyncClient, variants: list[str], number: int, rnd: random.Random, seen: History) -> None:
    """A cart whose creation nobody heard of is simply left behind; the order is placed once and only once."""
    cart = (await _until_decided(client, "POST", "/carts", json={"currency": "USD"})).json()
    key = {"x-cart-token": cart["token"]}
    here = f"/carts/{cart['id']}"
    line = {"variant_id": rnd.choice(variants), "quantity": 1}
    await _until_decided(client, "POST", f"{here}/lines", json=line, headers=key)
    address = {"email": f"buyer{number}@example.com", "address": ADDRESS}
    await _until_decided(client, "PUT", f"{here}/address", json=address, headers=key)
    options = (await _until_decided(client, "GET", f"{here}/shipping-options", headers=key)).json()["items"]
    choice = {"method_id": options[0]["method_id"]}
    cart = (await _until_decided(client, "PUT", f"{here}/shipping", json=choice, headers=key)).json()
    body = {"cart_id": cart["id"], "payment_method": "cod", "expected_total": cart["total"]}
    headers = key | {"idempotency-key": f"buy-{number}"}
    answer = await _until_decided(client, "POST", "/orders", json=body, headers=headers)
    seen.outcomes[f"{answer.status_code} {answer.json().get('slug', '')}".strip()] += 1
    if answer.is_success:
        seen.acknowledged[cart["id"]] = answer.json()["order"]["id"]


def _pid(folder: Path, victim: str) -> int | None:
    """The process to kill; None while it is being restarted."""
    with contextlib.suppress(OSError, ValueError, KeyError, IndexError):
        if victim == "PostgreSQL":
            return int((folder / "pg" / "postmaster.pid").read_text().split()[0])
        if victim == "Valkey":
            return _valkey_pid(folder)
        name = {"API": "serve", "worker": "worker"}[victim]
        return int(json.loads((folder / "run" / f"{name}.child").read_text())["pid"])
    return None


def _valkey_pid(folder: Path) -> int | None:
    url = json.loads((folder / "run" / "shop.json").read_text())["MERX_REDIS_URL"]
    try:
        with redis.Redis.from_url(url, socket_timeout=1, retry=None) as client:
            return int(client.info("server")["process_id"])
    except redis.RedisError:
        return None


async def _killer(
    client: httpx.AsyncClient, folder: Path, rnd: random.Random, seen: History, done: asyncio.Event
) -> None:
    """Waits until the shop is well again before the next blow: a shop that never stands up shows nothing."""
    turn = 0
    while not done.is_set():
        await _until_decided(client, "GET", "/health/ready")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(done.wait(), rnd.uniform(0.2, 1.0))
        # Each kind in turn first, so that a short run kills every one of them.
        victim = VICTIMS[turn % 4] if turn < 8 else rnd.choice(VICTIMS)
        turn += 1
        pid = _pid(folder, victim)
        if pid is None or done.is_set():
            continue
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            seen.kills[victim] += 1
            print(f"  {time.strftime('%X')} kill -9 {victim} ({len(seen.acknowledged)} orders so far)", flush=True)


async def _check(folder: Path, seen: History) -> list[str]:
    url = json.loads((folder / "run" / "shop.json").read_text())["MERX_DATABASE_URL"]
    connection = await asyncpg.connect(url, timeout=10, command_timeout=30)
    problems = []
    try:
        deadline = time.monotonic() + 60
        while await connection.fetchval("select count(*) from platform.outbox_delivery where state = 'pending'"):
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(0.5)
        stored = {str(r[0]): str(r[1]) for r in await connection.fetch('select cart_id, id from orders."order"')}
        problems += [f"lost: order {order}" for cart, order in seen.acknowledged.items() if stored.get(cart) != order]
        problems += [f"nobody was told of the order of cart {cart}" for cart in stored if cart not in seen.acknowledged]
        for name, query in VIOLATIONS.items():
            problems += [f"{name}: {row[0]}" for row in await connection.fetch(query)]
    finally:
        await connection.close(timeout=5)
    subjects = Counter(
        line
        for file in (folder / "mail").glob("**/*.eml")
        for line in file.read_text().splitlines()
        if line.startswith("To:") and "buyer" in line
    )
    problems += [f"{count} mails {line}" for line, count in subjects.items() if count > 1]
    if len(subjects) != len(seen.acknowledged):
        problems.append(f"{len(subjects)} mails for {len(seen.acknowledged)} orders")
    return problems


async def measured(orders: int, seed: int) -> list[Figure]:
    rnd = random.Random(seed)
    seen = History()
    with tempfile.TemporaryDirectory(prefix="merx-kill-", ignore_cleanup_errors=True) as temporary:
        Path(temporary).chmod(0o755)
        folder, port = Path(temporary) / "shop", free_port("127.0.0.1")
        command = [sys.executable, "-m", "merx", "demo", "--data", str(folder), "--port", str(port)]
        shop = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
        try:
            base = f"http://127.0.0.1:{port}/api/v1"
            limits = httpx.Limits(max_connections=AT_ONCE)
            async with httpx.AsyncClient(base_url=base, timeout=10, limits=limits) as client:
                await _until_decided(client, "GET", "/health/ready")
                variants: list[str] = []
                while not variants:
                    page = (await client.get("/products?in_stock=true&limit=50")).json()["items"]
                    details = [(await client.get(f"/products/{item['id']}")).json() for item in page]
                    variants = [v["id"] for detail in details for v in detail["variants"] if v["available"] > 20]
                    await asyncio.sleep(0.5)
                done, places = asyncio.Event(), asyncio.Semaphore(AT_ONCE)

                async def one(number: int) -> None:
                    async with places:
                        await _buy(client, variants, number, rnd, seen)

                began = time.monotonic()
                killer = asyncio.create_task(_killer(client, folder, rnd, seen, done))
                await asyncio.gather(*(one(number) for number in range(orders)))
                done.set()
                await killer
                seconds = time.monotonic() - began
                await _until_decided(client, "GET", "/health/ready")
            problems = await _check(folder, seen)
        finally:
            shop.send_signal(signal.SIGINT)
            await asyncio.wait_for(shop.wait(), 60)
    print("\n".join(problems) or "nothing lost, nothing doubled")
    detail = (
        f"seed {seed}: kills {dict(seen.kills)}; {orders} checkouts in {seconds:.0f} s, answers {dict(seen.outcomes)}"
    )
    return [
        Figure(what="orders lost or doubled", value=len(problems), unit="", target=0, good="at most", detail=detail),
        Figure(what="orders acknowledged", value=len(seen.acknowledged), unit="", target=orders),
    ]


def run(arguments: list[str]) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--orders", type=int, default=200)
    options = parser.parse_args(arguments)
    return asyncio.run(measured(options.orders, options.seed))
