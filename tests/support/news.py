"""What an application has told others."""

from merx.bootstrap.container import App
from merx.infra.outbox.memory import EVENTS
from merx.infra.postgres import compiled


async def told(app: App) -> list[str]:
    """Tags of all events, oldest first."""
    if app.in_memory:
        return [event.tag for event in app.infra.store().table(EVENTS).values()]
    return [row["tag"] for row in await app.database.reader.fetch(_TAGS)]


_TAGS = compiled("select tag from platform.outbox_event order by id")
