"""What a database failure means to the inside: the dependency is away, or somebody else was in the way for a moment.

Everything that may succeed when tried again becomes Unavailable. A statement that can never succeed stays as it is.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DBAPIError

from merx.infra.sqlstates import AWAY
from merx.kernel.errors import Busy, Unavailable

# A connection that is gone, refused or silent.
LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    # "cannot switch to state": how asyncpg greets a statement on a connection that the server has just ended.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)


def away(error: BaseException) -> bool:
    """Whether the same work may succeed later without being changed."""
    if isinstance(error, DBAPIError):
        cause = error.orig.__cause__ if error.orig is not None else None
        return cause is not None and away(cause)
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        # A migration changed a table under a prepared statement; asyncpg has forgotten it now.
        return True
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(AWAY)
    if isinstance(error, asyncpg.InterfaceError):
        # asyncpg says ValueError for an argument that does not fit its type.
        return not isinstance(error, ValueError)
    return isinstance(error, OSError | TimeoutError | asyncpg.InternalClientError)


@contextmanager
def translated() -> Iterator[None]:
    """Turns what `away` recognises into Unavailable. For the seldom trodden path; statements use try/except inline."""
    try:
        yield
    except Exception as error:
        raise unavailable(error) from error


def _contended(error: BaseException) -> bool:
    """Lock timeout, statement timeout, deadlock: the database is well, other transactions were in the way."""
    cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig is not None else error
    return isinstance(cause, asyncpg.PostgresError) and str(cause.sqlstate).startswith(("40", "55P", "57014"))


def unavailable(error: Exception) -> Exception:
    """The error to raise instead of `error`."""
    if not away(error):
        return error
    return Busy("try again in a moment") if _contended(error) else Unavailable("the database is not available")
