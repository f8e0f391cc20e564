"""What a person at a terminal is told when a command can not do its work."""

import errno
from collections.abc import Iterator

from merx.infra.embedded.errors import EmbeddedError
from merx.infra.server_refused import ServerRefused
from merx.infra.settings import SettingsError

DISK_FULL = "The disk is full; free some space and try again, what was already saved is safe."


def sentence(error: BaseException) -> str | None:
    """One sentence for a failure that is not a mistake of ours; None when the traceback is the better answer."""
    if isinstance(error, EmbeddedError | SettingsError):
        return str(error)
    for cause in _chain(error):
        if isinstance(cause, ServerRefused):
            return str(cause)
        # asyncpg puts the SQLSTATE on its errors; "disk full" arrives wrapped by whoever ran the statement.
        state = getattr(cause, "sqlstate", None) or ""
        if state.startswith(("XX", "58")):
            return f"The database is damaged ({cause}); restore a backup, or start anew: merx demo --reset."
        if state == "53100" or (isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)):
            return DISK_FULL
        if state in ("42P01", "3F000"):
            return "The database schema is missing or too old; run: merx migrate"
        # By name: its module would load the migration tool for every command.
        if type(cause).__name__ == "MigrationBusy":
            return str(cause)
        if state in ("57P01", "57P03") or type(cause).__name__ == "ConnectionDoesNotExistError":
            return "The database stopped while it was needed; look into its log and start again."
        if isinstance(cause, ConnectionRefusedError):
            return f"A server does not answer ({cause}); do MERX_DATABASE_URL and MERX_REDIS_URL name running ones?"
    if isinstance(error, FileNotFoundError | PermissionError | IsADirectoryError):
        return f"{error.filename}: {error.strerror}."
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__, getattr(current, "orig", None)]
        waiting += getattr(current, "exceptions", ())
