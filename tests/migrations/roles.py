"""The roles of the database as tests try them: what one of them is not refused, and what it writes in the trail."""

from urllib.parse import urlsplit, urlunsplit

import asyncpg

from merx.infra.postgres import Database, PostgresUow
from merx.infra.settings import Settings
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry

DENIED = (asyncpg.InsufficientPrivilegeError, asyncpg.InvalidSchemaNameError)


def as_role(url: str, role: str) -> str:
    return urlunsplit(urlsplit(url)._replace(netloc=f"{role}@"))


async def refusals(url: str, statements: list[str]) -> list[str]:
    """The statements that were not refused."""
    connection, allowed = await asyncpg.connect(url), []
    try:
        for statement in statements:
            try:
                await connection.execute(statement)
            except DENIED:
                continue
            allowed.append(statement)
    finally:
        await connection.close()
    return allowed


async def written(url: str, database: Database | None = None) -> None:
    """Three rows in the trail, by whoever the address names."""
    database = database or Database(Settings(database_url=url))
    try:
        for number in range(3):
            async with PostgresUow(database, None) as uow:
                entry = AuditEntry(actor=Actor.system(), action="toys.box-made", target="box", target_id=str(number))
                uow.record(entry)
                await uow.commit()
    finally:
        await database.close()
