"""How a request is called in its answer, in logs and in the audit trail."""

import itertools
import re
import secrets

_GIVEN = re.compile(rb"[A-Za-z0-9._:-]{8,64}")
# W3C Trace Context: version, trace, parent, flags. Later versions may add to the end.
_TRACE = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[!-~]*)?")


class NewIds:
    """Unique without coordination, and cheaper than random bytes for every request."""

    def __init__(self) -> None:
        self._prefix = secrets.token_hex(5)
        self._numbers = itertools.count(1)

    def __call__(self) -> str:
        return f"{self._prefix}-{next(self._numbers):x}"


def given_id(by_name: dict[bytes, bytes]) -> bytes | None:
    """The id that the caller, or a proxy in front, gave: `X-Request-Id`, else the trace of `traceparent`.

    None when there is none, or none that may be repeated.
    """
    given = by_name.get(b"x-request-id")
    if given is not None and _GIVEN.fullmatch(given):
        return given
    parent = by_name.get(b"traceparent")
    trace = _TRACE.fullmatch(parent) if parent is not None else None
    return trace[1] if trace else None
