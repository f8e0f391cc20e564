"""What a process finds out about its database before it serves anybody."""

import asyncio

from merx.infra.settings import Settings


def refuse_unsafe_servers(settings: Settings) -> None:
    """Raises ServerRefused in production: for a database that does not prove its name, or that gives too many rights.

    One that is away is no reason not to start: it is asked again with the first connection.
    """
    if settings.production and settings.storage == "postgres":
        asyncio.run(_ask(settings))


async def _ask(settings: Settings) -> None:
    from merx.infra.postgres import Database

    await Database(settings).refuse_unsafe()
