"""The outbox is measured again after whatever went wrong."""

import asyncio
from typing import Any, cast

import pytest
from loguru import logger

from merx.infra.metrics import registry
from merx.infra.outbox.deliveries import Deliveries, QueueState
from merx.infra.outbox.gauges import OutboxGauges
from merx.kernel.errors import Unavailable


class Ailing:
    """Fails in turns."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.asked = 0
        self.enough = asyncio.Event()

    async def state(self) -> QueueState:
        self.asked += 1
        if self.asked > 5:
            self.enough.set()
        if self.asked in (1, 2, 4):
            raise self.error
        return QueueState(pending=100 + self.asked, dead=0, oldest_seconds=0.0)


@pytest.mark.parametrize(("error", "traces"), [(ZeroDivisionError(), 2), (Unavailable("it is away"), 0)])
async def test_no_error_ends_the_measuring(error: Exception, traces: int):
    ailing = Ailing(error)
    gauges = OutboxGauges(cast(Deliveries, cast(Any, ailing)), every=0.001)
    told: list[str] = []
    sink = logger.add(lambda line: told.append(str(line)), level="WARNING", format="{message}", diagnose=False)
    try:
        gauges.start()
        await asyncio.wait_for(ailing.enough.wait(), 5)
        await gauges.stop()
    finally:
        logger.remove(sink)
    assert (registry.get_sample_value("merx_outbox_pending") or 0) > 104
    assert sum("cannot be measured" in line for line in told) == 2, "once for each row of failures"
    assert sum("Traceback" in line for line in told) == traces
