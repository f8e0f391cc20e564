"""Query strings are read as strictly as bodies: a parameter that the route does not know, or one value given twice, is
answered with 400. A misspelt filter would otherwise answer with everything.

    @get("/products", **also_takes("attr."))
"""

import re
from datetime import date, datetime
from types import NoneType
from typing import Any, get_args
from urllib.parse import unquote_to_bytes

import msgspec
from litestar.connection import ASGIConnection
from litestar.exceptions import ValidationException
from litestar.handlers import HTTPRouteHandler

_OPTION = "query_prefixes"
# Numbers are taken for seconds since 1970 where text is converted leniently, as it must be here.
_TIME = re.compile(rb"[0-9]{4}-")


class Known(msgspec.Struct, frozen=True):
    """A parameter of a route. `optional`: it may be left out, and its values are no text."""

    repeats: bool = False
    time: bool = False
    optional: bool = False


def also_takes(*prefixes: str) -> dict[str, Any]:
    """Arguments for a route decorator: parameters whose names begin so, each as often as one likes."""
    return {_OPTION: prefixes}


def settle_query(handler: HTTPRouteHandler, model: Any) -> None:
    """Makes one route refuse what it does not know. 0.1 µs for a request without a query, 1 µs with two parameters."""
    fields = handler.parsed_fn_signature.parameters
    known = {
        each.field_alias.encode(): _known(each.is_sequence, fields[each.field_name].annotation)
        for each in model.expected_query_params
    }
    prefixes = tuple(prefix.encode() for prefix in handler.opt.get(_OPTION, ()))

    async def check(_: dict[str, Any], connection: ASGIConnection[Any, Any, Any, Any]) -> None:
        query: bytes = connection.scope["query_string"]
        if query:
            check_query(query, known, prefixes)

    model.extractors = [check, *model.extractors]
    model.has_kwargs = True


def check_query(query: bytes, known: dict[bytes, Known], prefixes: tuple[bytes, ...] = ()) -> None:
    """Raises ValidationException."""
    seen: set[bytes] = set()
    coded = b"%" in query or b"+" in query
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if coded:
            name = unquote_to_bytes(name.replace(b"+", b" "))
        found = known.get(name)
        if found is None:
            # An empty piece, as between two `&`, names nothing.
            if pair and not (prefixes and name.startswith(prefixes)):
                raise _refused(name, "is unknown")
            continue
        if not found.repeats:
            if name in seen:
                raise _refused(name, "is given twice")
            seen.add(name)
        if found.optional and (unquote_to_bytes(value) if coded else value).lower() == b"null":
            # The decoder would take the word for nothing at all, and a filter would be forgotten.
            raise _refused(name, "has no value `null`: leave it out")
        if found.time and value and not _TIME.match(unquote_to_bytes(value)):
            raise _refused(name, "must be a time such as 2031-01-31T12:00:00Z, or 2031-01-31 where a day is meant")


def _known(repeats: bool, annotation: Any) -> Known:
    kinds = get_args(annotation)
    return Known(repeats, _is_time(annotation), NoneType in kinds and str not in kinds and not repeats)


def _is_time(annotation: Any) -> bool:
    return any(kind in (datetime, date) for kind in (annotation, *get_args(annotation)))


def _refused(name: bytes, message: str) -> ValidationException:
    key = name.decode("utf-8", "replace")[:64]
    return ValidationException(extra=[{"message": message, "key": key, "source": "query"}])
