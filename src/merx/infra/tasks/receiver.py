"""taskiq's receiver inside the worker: turns messages into deliveries that run at once."""

import contextlib
import logging
from collections.abc import Sequence
from uuid import UUID

from taskiq.acks import AcknowledgeType
from taskiq.api import run_receiver_task

from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.relay import Relay
from merx.infra.tasks.broker import StreamBroker
from merx.infra.tasks.nudge import TASK
from merx.kernel.errors import Unavailable


async def receive(broker: StreamBroker, deliverer: Deliverer, relay: Relay, *, messages_at_once: int = 8) -> None:
    """Runs until cancelled. What does not fit now is left to the relay."""

    async def deliver(ids: Sequence[str]) -> None:
        with contextlib.suppress(Unavailable):
            if await deliverer.deliver([UUID(text) for text in ids]) < len(ids):
                relay.wake()

    # The first warns of its own end, which is ours to decide; the second of messages it drops, which is worth a line.
    logging.getLogger("taskiq.receiver").setLevel(logging.ERROR)
    logging.getLogger("taskiq.receiver.receiver").setLevel(logging.WARNING)
    broker.register_task(deliver, task_name=TASK)
    await run_receiver_task(
        broker,
        validate_params=False,
        max_async_tasks=messages_at_once,
        ack_time=AcknowledgeType.WHEN_EXECUTED,
    )
