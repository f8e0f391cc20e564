"""The one way to a connection with PostgreSQL, for the pools and for migrations."""

from typing import Any

import asyncpg

from merx.infra.server_trust import refusal, trust
from merx.infra.settings_servers import option, verified


async def dial(url: str, ca_file: str, **options: Any) -> asyncpg.Connection:
    """Raises ServerRefused for a server that does not prove its name where `url` asks for it; else what asyncpg raises.

    With another `sslmode` than verify-full the driver does what libpq does.
    """
    if not verified(url):
        return await asyncpg.connect(url, **options)
    context = trust(ca_file, option(url, "sslcert"), option(url, "sslkey"), "postgresql")
    try:
        return await asyncpg.connect(url, ssl=context, **options)
    except OSError as error:
        if (refused := refusal("PostgreSQL", "MERX_DATABASE_CA_FILE", error)) is None:
            raise
        raise refused from error
