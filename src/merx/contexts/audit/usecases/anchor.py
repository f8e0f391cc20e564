"""The head of the trail is kept outside of the database, where whoever rewrites the trail does not reach."""

from dataclasses import dataclass
from datetime import UTC, date, timedelta

from merx.contexts.audit.domain.proof import Anchor, BrokenTrail
from merx.contexts.audit.ports.anchors import AnchorStore
from merx.contexts.audit.ports.queries import AuditQueries
from merx.contexts.audit.usecases.verify import VerifyTrailHandler
from merx.kernel.audit_chain import Head
from merx.kernel.model import Event
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class AnchorTrailHandler:
    """Proves each day that goes under the new anchor, from that of the last one on: so each day is proved once more
    when it is over. Nothing is kept while nothing was written since the last time.

    Raises BrokenTrail. The anchor is kept all the same: the rows since then are worth it, and what an older anchor says
    of a row no newer one unsays.
    """

    queries: AuditQueries
    anchors: AnchorStore
    verify: VerifyTrailHandler
    clock: Clock

    async def __call__(self, _: Event) -> None:
        head = await self.queries.head()
        kept = await self.anchors.all()
        broken = await self._broken(head, kept)
        if head.seq and (not kept or kept[-1].seq != head.seq or kept[-1].hash != head.hash.hex()):
            await self.anchors.keep(Anchor(at=self.clock.now(), seq=head.seq, hash=head.hash.hex(), sealed=head.sealed))
        if broken is not None:
            raise broken

    async def _broken(self, head: Head, kept: list[Anchor]) -> BrokenTrail | None:
        if not kept and not head.seq:
            return None
        last = head.at.astimezone(UTC).date()
        day = kept[-1].at.astimezone(UTC).date() if kept else last
        for passed in range(max(0, (last - day).days) + 1):
            found = await self._fault_of(day + timedelta(days=passed))
            if found is not None:
                return found
        return None

    async def _fault_of(self, day: date) -> BrokenTrail | None:
        fault = (await self.verify(day)).fault
        return None if fault is None else BrokenTrail(f"{day}: {fault.kind} at {fault.seq}: {fault.detail}")
