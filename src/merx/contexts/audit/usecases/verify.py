"""Staff has the trail proved, a day of it or all."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date

from merx.contexts.audit.domain.proof import Fault, FaultKind, Proof, Seals, Verdict, sealed_from
from merx.contexts.audit.ports.anchors import AnchorStore
from merx.contexts.audit.ports.queries import AuditQueries
from merx.kernel.audit_chain import GENESIS, AuditRow, Head

# Proving one takes some microseconds: between two pages others have their turn. A row may be a megabyte.
PAGE = 100


@dataclass(frozen=True, slots=True)
class VerifyTrailHandler:
    """Reads only. Whoever checks a day has to trust the day before it, to whose last row the day is linked; without a
    day everything is checked from the first row on.
    """

    queries: AuditQueries
    anchors: AnchorStore
    # Asked for when they are needed: who proves the chain alone needs no secret.
    seals: Callable[[], Seals]

    async def __call__(self, day: date | None = None, *, chain_only: bool = False) -> Verdict:
        """`chain_only`: for whoever may read the trail and does not know the secret of the shop."""
        anchors = await self.anchors.all()
        head = await self.queries.head_before(day) if day else Head()
        if chain_only:
            proof = Proof(head, anchors)
        else:
            proof = Proof(head, anchors, self.seals(), sealed_from(await self.queries.first_sealed(), anchors))
        began = proof.head.seq
        fault = await self._first_fault(proof, day)
        return Verdict(
            intact=fault is None,
            rows=proof.rows,
            anchors=len({anchor.seq for anchor in anchors if began < anchor.seq <= proof.head.seq}),
            head_seq=proof.head.seq,
            head_hash=proof.head.hash.hex(),
            sealed=proof.sealed,
            fault=fault,
        )

    async def _first_fault(self, proof: Proof, day: date | None) -> Fault | None:
        async for row in self._rows(proof.head.seq):
            # The link of the next day is proved too: it says that the end of this day was not cut off.
            beyond = day is not None and row.day > day
            fault = proof.check(row)
            if fault is not None:
                return await self._understood(proof, row, fault)
            if beyond:
                proof.leave_out(row)
                return None
        return proof.ended()

    async def _understood(self, proof: Proof, row: AuditRow, fault: Fault) -> Fault:
        if fault.kind is FaultKind.edited and row.hash == row.true_hash():
            after = await self.queries.rows(row.seq, 1)
            return proof.forged(row, after[0] if after else None)
        if fault.kind is not FaultKind.inserted or row.previous == proof.head.hash:
            return fault
        follows = 0 if row.previous == GENESIS else await self.queries.place_of(row.previous)
        return proof.misplaced(row, follows)

    async def _rows(self, after: int) -> AsyncIterator[AuditRow]:
        while page := await self.queries.rows(after, PAGE):
            for row in page:
                yield row
            after = page[-1].seq
