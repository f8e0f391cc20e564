"""Approvals in the process. Units of work run one at a time, which locks enough."""

from uuid import UUID

from merx.infra.memory import MemoryRepository, memory_tx
from merx.kernel.approvals import Approval, ApprovalNotFound
from merx.kernel.ports import Transaction

TABLE = "platform.approval"


class MemoryApprovals:
    async def add(self, tx: Transaction, approval: Approval) -> None:
        await _all(tx).add(approval)

    async def locked(self, tx: Transaction, approval_id: UUID) -> Approval:
        return await _all(tx).get(approval_id)

    async def save(self, tx: Transaction, approval: Approval) -> None:
        await _all(tx).save(approval)


def _all(tx: Transaction) -> MemoryRepository[Approval]:
    return MemoryRepository(TABLE, memory_tx(tx), missing=ApprovalNotFound)
