"""The version of an aggregate in an answer, and in the edit of it that comes back."""

from typing import Annotated, Protocol, TypeVar

from litestar import Response
from litestar.params import HeaderParameter

IfMatch = Annotated[str | None, HeaderParameter(name="If-Match", max_length=100, description="the ETag last read")]


class Versioned(Protocol):
    @property
    def version(self) -> int: ...


V = TypeVar("V", bound=Versioned)


def versioned(found: V, status: int | None = None) -> Response[V]:
    """The answer that shows it, with its ETag. Without a status it is that of the route."""
    return Response(found, status_code=status, headers={"etag": version_etag(found.version)})


def version_etag(version: int) -> str:
    """The ETag of an aggregate for `If-Match`: its version."""
    return f'"v{version}"'


def version_of_if_match(value: str | None) -> int | None:
    """The version in an `If-Match` header made by `version_etag`; None without the header or for `*`.

    Any other text answers -1, which no aggregate ever has, so the edit is refused as stale.
    """
    if value is None or value.strip() == "*":
        return None
    text = value.strip().removeprefix("W/").strip('"')
    digits = text.removeprefix("v")
    return int(digits) if text.startswith("v") and digits.isascii() and digits.isdigit() and len(digits) < 10 else -1
