"""Errors as text for logs and for rows: what happened and where, and not with which values.

PostgreSQL and its drivers quote values: `DETAIL: Key (email)=(ada@…)`, `Failing row contains (…)`, `[parameters: …]`,
`invalid input syntax for type integer: "…"`. Of their errors only what names no value is shown.
"""

import traceback
from collections.abc import Iterator

_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"
_PLACES = ("schema_name", "table_name", "column_name", "constraint_name")
# Data exceptions and broken constraints: their very message may hold the value.
_QUOTING = ("22", "23")
# A chain that is longer is one that goes in a circle, or that nobody reads.
_MOST = 10


def text_of(error: BaseException) -> str:
    """One line or more for `str(error)`. Never fails."""
    try:
        return _text_of(error)
    except Exception:
        return "(without text)"


def trace_of(error: BaseException) -> str:
    """Like `traceback.format_exception`, with the causes before it, and each error's text as `text_of` says it."""
    return "".join(_parts(error, set()))


def _text_of(error: BaseException) -> str:
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        places = [f"{name}={value}" for name in _PLACES if isinstance(value := getattr(error, name, None), str)]
        message = "" if state.startswith(_QUOTING) else str(getattr(error, "message", None) or "").partition("\n")[0]
        return " ".join(filter(None, (message, f"sqlstate={state}", *places)))
    if _is_of(error, "asyncpg") and isinstance(error, ValueError):
        return "an argument does not fit its type"
    if _is_of(error, "sqlalchemy") and hasattr(error, "hide_parameters"):
        # A statement that failed: the driver's error below it says why.
        return f"[SQL: {getattr(error, 'statement', None)}]"
    if _is_of(error, "sqlalchemy") and error.__cause__ is not None:
        return "see the error before"
    return str(error)


def _is_of(error: BaseException, package: str) -> bool:
    return any(kind.__module__.partition(".")[0] == package for kind in type(error).__mro__)


def _parts(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None and id(before) not in seen and len(seen) < _MOST:
        yield from _parts(before, seen)
        yield _CAUSE if error.__cause__ is not None else _CONTEXT
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):\n"
        yield from traceback.format_tb(error.__traceback__)
    kind = type(error)
    name = (
        kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    )
    yield f"{name}: {text_of(error)}\n"
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions[:_MOST]:
            if id(inner) not in seen:
                yield from _parts(inner, seen)
