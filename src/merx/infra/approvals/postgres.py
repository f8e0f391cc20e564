"""Approvals on PostgreSQL."""

from uuid import UUID

from merx.infra.approvals.rows import ApprovalRow
from merx.infra.postgres import PostgresRepository, compiled, postgres_tx
from merx.kernel.approvals import Approval, ApprovalNotFound
from merx.kernel.ports import Transaction

# Before it is read: a second person who comes meanwhile waits here and then reads what the first one decided.
_LOCK = compiled("select from platform.approval where id = :id for update")


class PostgresApprovals:
    async def add(self, tx: Transaction, approval: Approval) -> None:
        await _all(tx).add(approval)

    async def locked(self, tx: Transaction, approval_id: UUID) -> Approval:
        await postgres_tx(tx).execute(_LOCK, id=approval_id)
        return await _all(tx).get(approval_id)

    async def save(self, tx: Transaction, approval: Approval) -> None:
        await _all(tx).save(approval)


def _all(tx: Transaction) -> PostgresRepository[Approval]:
    return PostgresRepository(Approval, ApprovalRow, postgres_tx(tx), missing=ApprovalNotFound)
