"""What is always true of the trail."""

from merx.contexts.audit.usecases.verify import VerifyTrailHandler
from merx.kernel.invariants import Invariant
from merx.kernel.ports import Clock


def promises(verify: VerifyTrailHandler, clock: Clock) -> list[Invariant]:
    async def faults(_: int) -> list[str]:
        fault = (await verify(clock.now().date())).fault
        return [] if fault is None else [f"{fault.kind} at {fault.seq}"]

    return [Invariant("audit.today-is-intact", "The trail of this day in UTC is as it was written.", faults)]
