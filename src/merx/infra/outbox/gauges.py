"""How much waits in the outbox and for how long, for Prometheus. An alert on the age sees a dead worker first."""

import asyncio

from loguru import logger
from prometheus_client import Gauge

from merx.infra.background import Background
from merx.infra.metrics import registry
from merx.infra.outbox.deliveries import Deliveries
from merx.kernel.errors import Unavailable

PENDING = Gauge("merx_outbox_pending", "Deliveries that wait or run", registry=registry)
DEAD = Gauge("merx_outbox_dead", "Deliveries given up, to be looked at: merx replay --list", registry=registry)
OLDEST = Gauge("merx_outbox_oldest_seconds", "How long the oldest due delivery has been waiting", registry=registry)


class OutboxGauges(Background):
    def __init__(self, deliveries: Deliveries, *, every: float = 5.0) -> None:
        self._deliveries = deliveries
        self._every = every

    async def _run(self) -> None:
        failing = False
        while True:
            try:
                await self.measure()
                failing = False
            except Unavailable as error:
                if not failing:
                    logger.warning("the outbox cannot be measured: {}", error)
                failing = True
            except Exception:
                # Old numbers are better than none for ever; one line for each row of failures is enough.
                if not failing:
                    logger.opt(exception=True).warning("the outbox cannot be measured")
                failing = True
            await asyncio.sleep(self._every)

    async def measure(self) -> None:
        state = await self._deliveries.state()
        PENDING.set(state.pending)
        DEAD.set(state.dead)
        OLDEST.set(state.oldest_seconds)
