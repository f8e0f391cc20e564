"""What a failure of the database or of a connection means to the caller, by SQLSTATE class.

Adapters translate what they expect (a taken unique key) themselves; here is only what slipped through.
"""

import sys

import msgspec

from merx.infra.http.problems import MALFORMED, SERVER_ERROR, Failure, unavailable
from merx.infra.sqlstates import AWAY

# A value that PostgreSQL cannot hold: NUL in text, integer out of range, JSON too deep.
_REFUSED_VALUE = msgspec.structs.replace(MALFORMED, detail="A value in the request cannot be stored.")
_CLASH = Failure(
    status=409, slug="resource.conflict", title="Conflict", detail="The present state of the data does not allow this."
)
_VALUE = ("22", "54")
_INTEGRITY = ("23",)

# Looked up by name: a memory-only process need not have imported these libraries.
_LIBRARIES = {"sqlalchemy.exc": ("TimeoutError", "DisconnectionError"), "redis.exceptions": ("RedisError",)}


def dependency_failure(error: BaseException) -> Failure | None:
    """The failure behind an error of the database, cache or network; None for any other error."""
    for cause in _chain(error):
        state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
        if isinstance(state, str):
            return by_sqlstate(state)
    if isinstance(error, OSError):
        return unavailable()
    if type(error).__module__.startswith("asyncpg"):
        # Raised by the driver itself: a refused argument is a ValueError, the rest is a lost connection or pool.
        return _REFUSED_VALUE if isinstance(error, ValueError) else unavailable()
    if any(isinstance(error, kind) for kind in _library_errors()):
        return unavailable()
    return None


def by_sqlstate(state: str) -> Failure:
    if state.startswith(AWAY):
        return unavailable()
    if state.startswith(_VALUE):
        return _REFUSED_VALUE
    if state.startswith(_INTEGRITY):
        return _CLASH
    return SERVER_ERROR


def _chain(error: BaseException) -> list[BaseException]:
    """The error, what SQLAlchemy wrapped in it and what the driver raised first."""
    found = [error]
    wrapped = getattr(error, "orig", None)
    if isinstance(wrapped, BaseException):
        found += [wrapped, *([wrapped.__cause__] if wrapped.__cause__ else [])]
    return found


def _library_errors() -> list[type[BaseException]]:
    return [
        getattr(sys.modules[module], name)
        for module, names in _LIBRARIES.items()
        if module in sys.modules
        for name in names
    ]
