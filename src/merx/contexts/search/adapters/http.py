"""Search over HTTP. Everything a caller may send is bounded; what is counted and sorted by is chosen from lists."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.response.base import ASGIResponse

from merx.contexts.search.domain.documents import ProductEntry, folded_value, property_name
from merx.contexts.search.domain.facets import (
    BRAND,
    CATEGORY,
    IN_STOCK,
    MAX_PROPERTIES,
    MAX_VALUES,
    PRICE,
    PROPERTY_PREFIX,
    Facet,
    PriceFacet,
    Selection,
)
from merx.contexts.search.ports.index import Named, Sort
from merx.contexts.search.usecases.find_products import FindProducts, FindProductsHandler, Note
from merx.contexts.search.usecases.request_reindex import RequestReindexHandler
from merx.contexts.search.usecases.suggest import SuggestHandler
from merx.infra.http.auth import public, staff
from merx.infra.http.once import once
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.infra.http.query import also_takes
from merx.kernel.actor import Actor
from merx.kernel.errors import FieldError, Invalid
from merx.kernel.money import MAX_AMOUNT

MAX_QUERY = 200
MAX_FACETS = 12
_FACETS = frozenset((CATEGORY, BRAND, PRICE, IN_STOCK))
_NO_FACETS = "none"
_MAX_NAME, _MAX_VALUE = 100, 120

_Query = Annotated[str, QueryParameter(name="q", max_length=MAX_QUERY, description="what to search for")]
_Keys = Annotated[
    list[Annotated[str, msgspec.Meta(min_length=1)]] | None,
    QueryParameter(description="slug or id, never empty; repeat it for alternatives"),
]
_Price = Annotated[int | None, QueryParameter(ge=0, le=MAX_AMOUNT, description="minor units")]
_Currency = Annotated[
    str | None, QueryParameter(pattern=r"^[A-Z]{3}\Z", description="of the prices asked for; default the shop's")
]
_InStock = Annotated[bool, QueryParameter(description="only what can be had")]
_Sort = Annotated[Sort, QueryParameter(description="order of the result")]
_Facets = Annotated[
    str | None,
    QueryParameter(
        max_length=600,
        description="what to count, with commas between: category, brand, price, in_stock, attr.<name>; `none` for "
        "nothing. Default: the first four and what most of the result can be told apart by",
    ),
]
_Suggestions = Annotated[int, QueryParameter(ge=1, le=20, description="most of each kind")]

_encode = msgspec.json.Encoder().encode


class SearchAnswer(msgspec.Struct, frozen=True):
    """The shape of a result page, for the description of the interface."""

    items: list[ProductEntry]
    next: str | None
    total: int
    facets: list[Facet]
    price: PriceFacet | None
    corrected: str | None
    notes: list[Note]
    degraded: bool


class SuggestAnswer(msgspec.Struct, frozen=True):
    products: list[ProductEntry]
    categories: list[Named]
    brands: list[Named]


def _answers(model: Any, description: str) -> dict[int, ResponseSpec]:
    return {200: ResponseSpec(data_container=model, description=description, generate_examples=False)}


def _encoded(answer: object) -> ASGIResponse:
    headers = {"cache-control": "public, max-age=1"}
    return ASGIResponse(body=_encode(answer), media_type="application/json", headers=headers)


class SearchController(Controller):
    path = "/search"
    tags = ("search",)

    @get(
        "/products",
        guards=[public],
        operation_id="SearchProducts",
        summary="Find products",
        responses=_answers(SearchAnswer, "a page of the result, with facets"),
        **also_takes(PROPERTY_PREFIX),
    )
    async def search_products(
        self,
        *,
        request: Request[Any, Any, Any],
        find_products: NamedDependency[FindProductsHandler],
        shop_currency: NamedDependency[str],
        text: _Query = "",
        category: _Keys = None,
        brand: _Keys = None,
        price_min: _Price = None,
        price_max: _Price = None,
        currency: _Currency = None,
        in_stock: _InStock = False,
        sort: _Sort = Sort.relevance,
        facets: _Facets = None,
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> ASGIResponse:
        """Filter by a property with `attr.<name>=<value>`, such as `attr.colour=red`; repeat it for alternatives."""
        selection = Selection(
            categories=_keys("category", category),
            brands=_keys("brand", brand),
            properties=_properties(request.query_params.multi_items()),
            price_min=price_min,
            price_max=price_max,
            currency=currency or shop_currency,
            in_stock=in_stock,
        )
        wanted = FindProducts(
            text=text, selection=selection, sort=sort, limit=limit, after=after, facets=_facet_names(facets)
        )
        return _encoded(await find_products(wanted))

    @get(
        "/suggest",
        guards=[public],
        operation_id="Suggest",
        summary="What somebody who types may want",
        responses=_answers(SuggestAnswer, "products, categories and brands"),
    )
    async def suggest(
        self, suggest_products: NamedDependency[SuggestHandler], text: _Query = "", limit: _Suggestions = 5
    ) -> ASGIResponse:
        """Whose names begin with what was typed last and have what was typed before."""
        return _encoded(await suggest_products(text, limit))

    @post(
        "/reindex",
        guards=[staff("search:write")],
        status_code=202,
        operation_id="Reindex",
        summary="Build the index anew",
        **once(),
    )
    async def reindex(
        self, actor: NamedDependency[Actor], request_reindex: NamedDependency[RequestReindexHandler]
    ) -> None:
        """The worker does it; searches use the old index until the new one is complete."""
        await request_reindex(actor)


def _keys(name: str, values: list[str] | None) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(value.lower() for value in values or () if value))
    if len(found) > MAX_VALUES or any(len(value) > 200 for value in found):
        raise _invalid(name, f"at most {MAX_VALUES} values of 200 characters")
    return found


def _properties(query: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for name, value in query:
        if not name.startswith(PROPERTY_PREFIX):
            continue
        key = name.removeprefix(PROPERTY_PREFIX)
        if len(key) > _MAX_NAME or len(value) > _MAX_VALUE or not property_name(key):
            raise _invalid(PROPERTY_PREFIX + key[:40], "no such property or value")
        found.setdefault(property_name(key), {})[folded_value(value)] = None
        if len(found) > MAX_PROPERTIES or len(found[property_name(key)]) > MAX_VALUES:
            raise _invalid("attr", f"at most {MAX_PROPERTIES} properties with {MAX_VALUES} values each")
    return {name: tuple(values) for name, values in found.items()}


def _facet_names(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    if text == _NO_FACETS:
        return ()
    names = []
    for name in filter(None, (part.strip() for part in text.split(","))):
        if name.startswith(PROPERTY_PREFIX):
            key = property_name(name.removeprefix(PROPERTY_PREFIX))
            if not key or len(key) > _MAX_NAME:
                raise _invalid("facets", "attr. needs the name of a property")
            names.append(PROPERTY_PREFIX + key)
        elif name in _FACETS:
            names.append(name)
        else:
            raise _invalid("facets", f"{name[:40]!r} cannot be counted")
    if len(names) > MAX_FACETS:
        raise _invalid("facets", f"at most {MAX_FACETS}")
    return tuple(dict.fromkeys(names))


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, fields=(FieldError(field, message),))
