"""Encoded answers and what a list may be asked."""

from typing import Annotated, Any

import msgspec
from litestar import Request
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse
from msgspec.structs import replace

from merx.contexts.catalog.domain.errors import BrandNotFound, CategoryNotFound
from merx.contexts.catalog.ports.queries import (
    BrandView,
    CatalogQueries,
    CategoryDetail,
    ListFilter,
    Moved,
    ProductSummary,
    Sort,
)
from merx.infra.http.answers import MOVED, UNCHANGED
from merx.infra.http.responses import CachedBytes
from merx.kernel.errors import FieldError, Invalid
from merx.kernel.money import MAX_AMOUNT
from merx.kernel.paging import Page

# Browsers and a CDN may keep a catalogue page this long; our own copy is dropped the moment it changes.
MAX_AGE = 5
MAX_ATTRIBUTES = 10
_ATTRIBUTE = "attr."

IdOrSlug = Annotated[str, msgspec.Meta(max_length=200)]
CategoryParameter = Annotated[str | None, QueryParameter(name="category", max_length=200, description="id or slug")]
BrandParameter = Annotated[str | None, QueryParameter(name="brand", max_length=200, description="id or slug")]
PriceParameter = Annotated[int | None, QueryParameter(ge=0, le=MAX_AMOUNT, description="minor units")]
CurrencyParameter = Annotated[str | None, QueryParameter(pattern=r"^[A-Z]{3}\Z", description="ISO 4217 code")]
StockParameter = Annotated[bool | None, QueryParameter(description="only products that are in stock, or only others")]
SortParameter = Annotated[Sort, QueryParameter(description="order of the list")]

_encoder = msgspec.json.Encoder()


def answers(model: Any, description: str, *, by_slug: bool = False) -> dict[int, ResponseSpec]:
    """Documents what a handler of encoded bytes answers."""
    found = {200: ResponseSpec(data_container=model, description=description, generate_examples=False)}
    return found | UNCHANGED | (MOVED if by_slug else {})


def encoded(view: Any, tags: tuple[str, ...]) -> CachedBytes:
    return CachedBytes(_encoder.encode(view), tags, MAX_AGE)


def moved(request: Request[Any, Any, Any], to: Moved, tail: str = "") -> ASGIResponse:
    """The same question, asked by the present slug. `tail` is what the path has after the slug."""
    # With two slashes in front, which the router takes, the rest would be the name of a host.
    above = "/" + request.url.path.strip("/").removesuffix(tail).rpartition("/")[0]
    query = f"?{request.url.query}" if request.url.query else ""
    return ASGIResponse(status_code=301, headers={"location": f"{above}/{to.slug}{tail}{query}"})


def attribute_filters(query: list[tuple[str, Any]]) -> tuple[tuple[str, str], ...]:
    """`?attr.colour=Red` as (("colour", "Red"),). Raises Invalid for more than ten."""
    found = tuple((name[len(_ATTRIBUTE) :], str(value)) for name, value in query if name.startswith(_ATTRIBUTE))
    if len(found) > MAX_ATTRIBUTES:
        raise Invalid("too many filters", fields=(FieldError("attr", f"at most {MAX_ATTRIBUTES} attributes"),))
    return found


async def listing(queries: CatalogQueries, wanted: ListFilter) -> CachedBytes:
    """A page of products. Every change to any listed product drops it."""
    page: Page[ProductSummary] = await queries.products(wanted)
    return encoded(page, ("listings",))


async def listing_by_any_slug(queries: CatalogQueries, wanted: ListFilter) -> CachedBytes:
    """As `listing`; old slugs filter like the present ones. Raises CategoryNotFound, BrandNotFound."""
    try:
        return await listing(queries, wanted)
    except CategoryNotFound:
        found: Moved | CategoryDetail | BrandView = await queries.category(wanted.category or "")
        if not isinstance(found, Moved):
            raise
        return await listing_by_any_slug(queries, replace(wanted, category=found.slug))
    except BrandNotFound:
        found = await queries.brand(wanted.brand or "")
        if not isinstance(found, Moved):
            raise
        return await listing_by_any_slug(queries, replace(wanted, brand=found.slug))
