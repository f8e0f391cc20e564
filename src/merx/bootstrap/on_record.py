"""What the command line does besides the use cases stands in the audit trail too, as the doing of the system."""

from merx.infra.outbox.events import SubscriberRegistry
from merx.infra.outbox.postgres import PostgresOutbox
from merx.infra.postgres import Database, PostgresUow
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, Changes


async def put_on_record(database: Database, action: str, target: str, target_id: str, changes: Changes) -> None:
    """Before it is done. Raises Unavailable."""
    async with PostgresUow(database, PostgresOutbox(SubscriberRegistry())) as uow:
        uow.record(AuditEntry(actor=Actor.system(), action=action, target=target, target_id=target_id, changes=changes))
        await uow.commit()
