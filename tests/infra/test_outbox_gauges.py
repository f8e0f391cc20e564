"""The outbox is measured again after whatever went wrong."""

import asyncio
import logging
from typing import Any, cast

import pytest

from merx.infra.metrics import registry
from merx.infra.outbox.deliveries import Deliveries, QueueState
from merx.infra.outbox.gauges import OutboxGauges


class Ailing:
    """Fails in turns."""

    def __init__(self) -> None:
        self.asked = 0
        self.enough = asyncio.Event()

    async def state(self) -> QueueState:
        self.asked += 1
        if self.asked > 5:
            self.enough.set()
        if self.asked in (1, 2, 4):
            raise ZeroDivisionError
        return QueueState(pending=100 + self.asked, dead=0, oldest_seconds=0.0)


async def test_no_error_ends_the_measuring(caplog: pytest.LogCaptureFixture):
    ailing = Ailing()
    gauges = OutboxGauges(cast(Deliveries, cast(Any, ailing)), every=0.001)
    with caplog.at_level(logging.WARNING, "merx.infra.outbox.gauges"):
        gauges.start()
        await asyncio.wait_for(ailing.enough.wait(), 5)
        await gauges.stop()
    assert (registry.get_sample_value("merx_outbox_pending") or 0) > 104
    assert len(caplog.records) == 2, "once for each row of failures"
