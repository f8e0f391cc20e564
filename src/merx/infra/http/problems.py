"""The one shape of all failures: `application/problem+json` (RFC 9457)."""

from http import HTTPStatus
from typing import Any

import msgspec

MEDIA_TYPE = "application/problem+json"

RawHeaders = list[tuple[bytes, bytes]]

_encode = msgspec.json.Encoder().encode


class InputError(msgspec.Struct, frozen=True):
    """One wrong field of the input."""

    field: str
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the caller learns about a failure. `slug` is stable; `detail` is a sentence for people and may change."""

    type: str
    title: str
    status: int
    detail: str
    slug: str
    request_id: str
    errors: list[InputError] = []


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A failure before it is written down: `slug` and `detail` are public, `headers` go with the answer.

    `expected` is False for what somebody must look at.
    """

    status: int
    slug: str
    title: str = ""
    detail: str = ""
    errors: tuple[InputError, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    extra: dict[str, Any] = msgspec.field(default_factory=dict)
    expected: bool = True

    def body(self, request_id: str) -> bytes:
        title = self.title or HTTPStatus(self.status).phrase
        problem = Problem(
            type=f"urn:merx:{self.slug}",
            title=title,
            status=self.status,
            detail=self.detail or title,
            slug=self.slug,
            request_id=request_id,
            errors=list(self.errors),
        )
        if self.extra:
            return _encode(self.extra | msgspec.structs.asdict(problem))
        return _encode(problem)

    def raw_headers(self) -> RawHeaders:
        return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers]


MALFORMED = Failure(status=400, slug="request.malformed", title="Malformed request")
SERVER_ERROR = Failure(
    status=500,
    slug="server.error",
    title="Internal error",
    detail="Something failed on our side. Quote the request id when you report it.",
    expected=False,
)


def unavailable(retry_after: int = 1, detail: str = "A part of the service is away, try again shortly.") -> Failure:
    """503 with `Retry-After` in seconds."""
    return Failure(
        status=503,
        slug="service.unavailable",
        title="Temporarily unavailable",
        detail=detail,
        headers=(("Retry-After", str(retry_after)),),
    )
