"""kill -9 of workers: a job on an idle queue, then a seeded storm; nothing lost or doubled.

The first part ends the only worker in the middle of its job and starts another, as the supervisor does. The second
keeps two workers, ends one of them every half second or so (some at a failpoint) and empties Valkey once.
"""

import argparse
import asyncio
import random
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from redis.asyncio import Redis

from merx.bootstrap.migrate import migrate
from merx.infra.embedded import EmbeddedValkey
from merx.infra.outbox.events import Subscriber
from merx.infra.outbox.postgres import PostgresOutbox
from merx.infra.postgres import Database, compiled
from merx.infra.redis import redis_client
from merx.infra.settings import Settings
from merx.infra.tasks.nudge import QueueNudge
from tests.bench.kit.measure import Figure
from tests.bench.kit.servers import folder, postgres
from tests.support.shelf import PostgresShelves, Shelved, Storage, emit, postgres_storage
from tests.support.toy_worker import toy_worker

PENDING = compiled("select count(*) from platform.outbox_delivery where state = 'pending'")
DEAD = compiled("select count(*) from platform.outbox_delivery where state = 'dead'")
TOTAL = compiled("select count(*) from toy.shelf")
DISTINCT = compiled("select count(distinct name) from toy.shelf")
RUNNING = compiled("select count(*) from platform.outbox_delivery where lease_token is not null")
MISHAPS = ("", "", "", "deliver.after-claim:5", "deliver.after-commit:5")


def run(arguments: list[str]) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    with folder() as home, postgres(home) as database:
        return asyncio.run(measured(home, database.url, options))


async def measured(home: Path, url: str, options: argparse.Namespace) -> list[Figure]:
    valkey = EmbeddedValkey(home / "valkey", run=home / "run", log=home / "valkey.log")
    await valkey.start()
    await migrate(url)
    database = Database(Settings(database_url=url))
    storage = await postgres_storage(database)

    async def elsewhere(event: Shelved) -> None:
        """Runs in the workers; here only its name is needed."""

    storage.registry.add(Subscriber("toy.put", Shelved, elsewhere))
    client = redis_client(Settings(redis_url=valkey.url))
    nudge = QueueNudge(client)
    outbox = PostgresOutbox(storage.registry, nudge)
    storage = replace(storage, outbox=outbox, uow=lambda: PostgresShelves(database, outbox))
    try:
        return [
            await idle(storage, database, url, valkey.url),
            *await storm(storage, database, url, valkey.url, options),
        ]
    finally:
        await client.aclose()
        await database.close()
        await valkey.stop()


async def idle(storage: Storage, database: Database, url: str, redis_url: str) -> Figure:
    with toy_worker(url, redis_url) as first:
        await emit(storage, "hang")
        while not await database.reader.fetchval(RUNNING):
            await asyncio.sleep(0.02)
        first.kill()
        killed = time.perf_counter()
    with toy_worker(url, redis_url, TOY_QUICK="1"):
        while await database.reader.fetchval(PENDING):
            await asyncio.sleep(0.02)
    seconds = time.perf_counter() - killed
    return Figure(what="job of a killed worker done, idle queue", value=seconds, unit="s", target=10, good="at most")


async def storm(
    storage: Storage, database: Database, url: str, redis_url: str, options: argparse.Namespace
) -> list[Figure]:
    chance = random.Random(options.seed)
    before: int = await database.reader.fetchval(TOTAL)
    deaths = 0
    flusher = Redis.from_url(redis_url)
    writer = asyncio.create_task(write(storage, options))
    with ExitStack() as stack:
        workers = [stack.enter_context(toy_worker(url, redis_url)) for _ in range(2)]
        while not writer.done():
            await asyncio.sleep(chance.uniform(0.3, 1.2))
            victim = chance.randrange(2)
            if workers[victim].poll() is None:
                workers[victim].kill()
            deaths += 1
            workers[victim] = stack.enter_context(toy_worker(url, redis_url, MERX_FAILPOINTS=chance.choice(MISHAPS)))
            if deaths == 8:
                await flusher.flushall()
        await writer
        quiet = time.perf_counter()
        workers = [stack.enter_context(toy_worker(url, redis_url)) for _ in range(2)]
        while await database.reader.fetchval(PENDING) and time.perf_counter() - quiet < 60:
            await asyncio.sleep(0.1)
        settled = time.perf_counter() - quiet
    await flusher.aclose()
    lost = options.events - (await database.reader.fetchval(DISTINCT) - before)
    doubled = await database.reader.fetchval(TOTAL) - await database.reader.fetchval(DISTINCT)
    dead = await database.reader.fetchval(DEAD)
    detail = f"{options.events} events, {deaths} kills, seed {options.seed}"
    return [
        Figure(what="events lost", value=lost, unit="", target=0, good="at most", detail=detail),
        Figure(what="events done twice", value=doubled, unit="", target=0, good="at most", detail=detail),
        Figure(what="dead letters", value=dead, unit="", target=0, good="at most", detail=detail),
        Figure(what="settled after the last kill", value=settled, unit="s", target=30, good="at most"),
    ]


async def write(storage: Storage, options: argparse.Namespace) -> None:
    for number in range(options.events):
        await emit(storage, f"event {number}")
        await asyncio.sleep(options.seconds / options.events)
