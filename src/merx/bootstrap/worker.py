"""The worker process: runs deliveries when the queue tells of them, and every second anyway."""

import asyncio
import contextlib
import time
from pathlib import Path
from typing import Protocol

from loguru import logger

from merx.bootstrap.signals import stop_event
from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.relay import Relay
from merx.infra.settings import Settings

_BEAT = 2.0
# A worker that has not touched its file for so long has a blocked event loop.
SILENT = 15.0
_GRACE = 4.0


class WorkerApp(Protocol):
    """What a worker needs of the application."""

    @property
    def deliverer(self) -> Deliverer: ...
    @property
    def relay(self) -> Relay: ...
    async def close(self) -> None: ...


async def work(app: WorkerApp, settings: Settings, heartbeat: Path | None = None) -> None:
    """Until SIGTERM; then what runs may finish for four seconds, and the rest is undone and given back."""
    # Late: taskiq is a third of this process' start.
    from merx.infra.tasks.broker import StreamBroker
    from merx.infra.tasks.receiver import receive

    stopping = stop_event()
    broker = StreamBroker(settings)
    app.relay.start()
    background = [asyncio.create_task(receive(broker, app.deliverer, app.relay))]
    if heartbeat is not None:
        background.append(asyncio.create_task(_beat(heartbeat)))
    logger.info("worker is ready")
    try:
        await stopping.wait()
    finally:
        logger.info("worker stops")
        for task in background:
            task.cancel()
        await app.relay.stop(_GRACE)
        await asyncio.wait(background, timeout=1)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await broker.shutdown()
        await app.close()


async def _beat(heartbeat: Path) -> None:
    while True:
        _touch(heartbeat)
        await asyncio.sleep(_BEAT)


def _touch(heartbeat: Path) -> None:
    heartbeat.touch()


def alive(heartbeat: Path) -> bool:
    """Whether the worker that touches this file is well."""
    try:
        return time.time() - heartbeat.stat().st_mtime < SILENT
    except FileNotFoundError:
        return False
