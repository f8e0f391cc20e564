"""What the command line does besides the use cases stands in the audit trail too, as the doing of the system."""

from merx.infra.outbox.events import SubscriberRegistry
from merx.infra.outbox.postgres import PostgresOutbox
from merx.infra.postgres import Database, PostgresUow
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, Changes


def own_uow(database: Database) -> PostgresUow:
    """For what changes rows and belongs to no context: the change and its row of the trail commit together."""
    return PostgresUow(database, PostgresOutbox(SubscriberRegistry()))


def entry(action: str, target: str, target_id: str, changes: Changes) -> AuditEntry:
    return AuditEntry(actor=Actor.system(), action=action, target=target, target_id=target_id, changes=changes)


async def put_on_record(database: Database, action: str, target: str, target_id: str, changes: Changes) -> None:
    """Before it is done, for what no transaction holds: files. Raises Unavailable."""
    async with own_uow(database) as uow:
        uow.record(entry(action, target, target_id, changes))
        await uow.commit()
