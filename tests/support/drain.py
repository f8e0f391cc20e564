"""Run the outbox until it is empty, as the worker would, and insist that nothing died on the way."""

from merx.infra.outbox.deliver import Deliverer
from merx.infra.outbox.deliveries import Deliveries


async def drain(deliverer: Deliverer, deliveries: Deliveries, *, but: str = "") -> int:
    """How many deliveries ran. Fails on a dead letter and on one that waits for its next try.

    `but` is a subscriber whose dead letters somebody put there.
    """
    ran = await deliverer.drain()
    letters = [letter for letter in await deliveries.dead() if letter.subscriber != but]
    assert not letters, [f"{letter.subscriber}: {letter.last_error}" for letter in letters]
    state = await deliveries.state()
    assert state.pending == 0, f"{state.pending} deliveries failed and wait for their next try"
    return ran
