"""The head of the trail is kept outside of the database, where whoever rewrites the trail does not reach."""

from dataclasses import dataclass

from merx.contexts.audit.domain.proof import Anchor
from merx.contexts.audit.ports.anchors import AnchorStore
from merx.contexts.audit.ports.queries import AuditQueries
from merx.kernel.model import Event
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class AnchorTrailHandler:
    """Nothing is kept while nothing was written since the last time."""

    queries: AuditQueries
    anchors: AnchorStore
    clock: Clock

    async def __call__(self, _: Event) -> None:
        head = await self.queries.head()
        kept = await self.anchors.all()
        if head.seq and (not kept or kept[-1].seq != head.seq or kept[-1].hash != head.hash.hex()):
            await self.anchors.keep(Anchor(at=self.clock.now(), seq=head.seq, hash=head.hash.hex(), sealed=head.sealed))
