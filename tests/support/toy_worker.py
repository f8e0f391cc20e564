"""A worker process with one toy subscriber of each kind, to be killed. Run with `python -m tests.support.toy_worker`.

What happens is chosen by the name in the event: `exit` ends the process, `raise` fails, `hang` sleeps a minute unless
TOY_QUICK is set, anything else is put on the shelf by the transactional subscriber and noted by the effect subscriber.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from merx.bootstrap.signals import run_process
from merx.bootstrap.worker import work
from merx.infra.failpoints import arm
from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.events import Subscriber, SubscriberRegistry
from merx.infra.outbox.postgres import PostgresOutbox
from merx.infra.outbox.postgres_deliveries import PostgresDeliveries
from merx.infra.outbox.relay import Relay
from merx.infra.postgres import Database
from merx.infra.settings import load_settings
from merx.kernel.ids import new_id
from tests.support.shelf import PostgresShelves, Shelf, Shelved

ROOT = Path(__file__).parents[2]


async def misbehave(event: Shelved) -> None:
    match event.name.partition(":")[0]:
        case "exit":
            os._exit(9)
        case "raise":
            raise ZeroDivisionError("poison")
        case "hang" if not os.environ.get("TOY_QUICK"):
            print(f"hanging {event.name}", flush=True)
            await asyncio.sleep(60)


async def put(event: Shelved, uow: Any) -> None:
    await uow.shelves.add(Shelf(id=new_id(), name=event.name))
    await uow.tx.session.flush()
    await misbehave(event)


class ToyApp:
    def __init__(self) -> None:
        self.settings = load_settings(os.environ)
        self.database = Database(self.settings)
        self.registry = SubscriberRegistry()
        lease = float(os.environ.get("TOY_LEASE", "6"))
        deliveries = PostgresDeliveries(self.database, timedelta(seconds=lease))
        self.deliverer = Deliverer(
            deliveries, self.registry, retry_in=lambda _: timedelta(seconds=0.1), renew_every=lease / 3
        )
        self.relay = Relay(self.deliverer)
        outbox = PostgresOutbox(self.registry, self.relay.wake)
        self.registry.add(Subscriber("toy.put", Shelved, put, lambda: PostgresShelves(self.database, outbox)))

    async def close(self) -> None:
        await self.database.close()


def main() -> None:
    app = ToyApp()
    arm(app.settings)
    beat = os.environ.get("TOY_HEARTBEAT")
    run_process(work(app, app.settings, Path(beat) if beat else None))


@contextmanager
def toy_worker(database_url: str, redis_url: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that is surely dead afterwards."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MERX_")},
        "MERX_DATABASE_URL": database_url,
        "MERX_REDIS_URL": redis_url,
        "PYTHONPATH": f"{ROOT}/src:{ROOT}",
        **more,
    }
    process = subprocess.Popen([sys.executable, "-m", "tests.support.toy_worker"], cwd=ROOT, env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


if __name__ == "__main__":
    main()
