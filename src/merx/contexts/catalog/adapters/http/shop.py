"""What anyone may read: products, categories, brands. Whole answers are kept in front of the router."""

from typing import Any

from litestar import Controller, Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from merx.contexts.catalog.adapters.http.answers import (
    BrandParameter,
    CategoryParameter,
    CurrencyParameter,
    IdOrSlug,
    PriceParameter,
    SortParameter,
    StockParameter,
    answers,
    attribute_filters,
    encoded,
    listing,
    listing_by_any_slug,
    moved,
)
from merx.contexts.catalog.domain.errors import BrandNotFound, CategoryNotFound
from merx.contexts.catalog.ports.queries import (
    BrandView,
    CatalogQueries,
    CategoryDetail,
    CategoryNode,
    ListFilter,
    Moved,
    ProductDetail,
    ProductSummary,
    Sort,
    VariantView,
)
from merx.infra.http.answers import may_answer
from merx.infra.http.auth import public
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.infra.http.query import also_takes
from merx.kernel.paging import Page

_Request = Request[Any, Any, Any]


class ProductController(Controller):
    path = "/products"
    guards = (public,)
    tags = ("products",)

    @get(
        "/",
        operation_id="ListProducts",
        summary="Browse products",
        responses=answers(Page[ProductSummary], "a page of products"),
        **also_takes("attr."),
        **may_answer(404),
    )
    async def list_products(
        self,
        *,
        request: _Request,
        catalog_queries: NamedDependency[CatalogQueries],
        category: CategoryParameter = None,
        brand: BrandParameter = None,
        price_min: PriceParameter = None,
        price_max: PriceParameter = None,
        currency: CurrencyParameter = None,
        in_stock: StockParameter = None,
        sort: SortParameter = Sort.newest,
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> ASGIResponse:
        """Visible products; `attr.<name>=<value>` filters by an attribute."""
        wanted = ListFilter(
            category=category,
            brand=brand,
            price_min=price_min,
            price_max=price_max,
            currency=currency,
            in_stock=in_stock,
            attributes=attribute_filters(list(request.query_params.multi_items())),
            sort=sort,
            limit=limit,
            after=after,
        )
        return await listing_by_any_slug(catalog_queries, wanted)

    @get(
        "/{id_or_slug:str}",
        operation_id="GetProduct",
        summary="A product with variants, prices and availability",
        responses=answers(ProductDetail, "the product", by_slug=True),
    )
    async def get_product(
        self, request: _Request, id_or_slug: FromPath[IdOrSlug], catalog_queries: NamedDependency[CatalogQueries]
    ) -> ASGIResponse:
        """With variants, options, prices and availability. An old slug answers 301."""
        found = await catalog_queries.product(id_or_slug)
        if isinstance(found, Moved):
            return moved(request, found)
        return encoded(found, (f"product:{found.id}",))

    @get(
        "/{id_or_slug:str}/variants",
        operation_id="ListVariants",
        summary="The variants of a product",
        responses=answers(list[VariantView], "variants", by_slug=True),
    )
    async def list_variants(
        self, request: _Request, id_or_slug: FromPath[IdOrSlug], catalog_queries: NamedDependency[CatalogQueries]
    ) -> ASGIResponse:
        found = await catalog_queries.product(id_or_slug)
        if isinstance(found, Moved):
            return moved(request, found, "/variants")
        return encoded(found.variants, (f"product:{found.id}",))


class CategoryController(Controller):
    path = "/categories"
    guards = (public,)
    tags = ("categories",)

    @get(
        "/",
        operation_id="GetCategoryTree",
        summary="The tree of categories",
        responses=answers(list[CategoryNode], "the tree"),
    )
    async def get_tree(self, catalog_queries: NamedDependency[CatalogQueries]) -> ASGIResponse:
        """All categories with the number of visible products in each subtree."""
        return encoded(await catalog_queries.category_tree(), ("categories",))

    @get(
        "/{id_or_slug:str}",
        operation_id="GetCategory",
        summary="One category",
        responses=answers(CategoryDetail, "the category", by_slug=True),
    )
    async def get_category(
        self, request: _Request, id_or_slug: FromPath[IdOrSlug], catalog_queries: NamedDependency[CatalogQueries]
    ) -> ASGIResponse:
        found = await catalog_queries.category(id_or_slug)
        if isinstance(found, Moved):
            return moved(request, found)
        return encoded(found, ("categories",))

    @get(
        "/{id_or_slug:str}/products",
        operation_id="ListCategoryProducts",
        summary="Products of a category",
        responses=answers(Page[ProductSummary], "a page of products", by_slug=True),
    )
    async def list_products(
        self,
        request: _Request,
        id_or_slug: FromPath[IdOrSlug],
        catalog_queries: NamedDependency[CatalogQueries],
        sort: SortParameter = Sort.newest,
        in_stock: StockParameter = None,
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> ASGIResponse:
        """Products of the category and everything below it."""
        wanted = ListFilter(category=id_or_slug, sort=sort, in_stock=in_stock, limit=limit, after=after)
        try:
            return await listing(catalog_queries, wanted)
        except CategoryNotFound:
            found = await catalog_queries.category(id_or_slug)
            if isinstance(found, Moved):
                return moved(request, found, "/products")
            raise


class BrandController(Controller):
    path = "/brands"
    guards = (public,)
    tags = ("brands",)

    @get("/", operation_id="ListBrands", summary="All brands", responses=answers(Page[BrandView], "a page of brands"))
    async def list_brands(
        self,
        catalog_queries: NamedDependency[CatalogQueries],
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> ASGIResponse:
        return encoded(await catalog_queries.brands(limit, after), ("brands",))

    @get(
        "/{id_or_slug:str}",
        operation_id="GetBrand",
        summary="One brand",
        responses=answers(BrandView, "the brand", by_slug=True),
    )
    async def get_brand(
        self, request: _Request, id_or_slug: FromPath[IdOrSlug], catalog_queries: NamedDependency[CatalogQueries]
    ) -> ASGIResponse:
        found = await catalog_queries.brand(id_or_slug)
        if isinstance(found, Moved):
            return moved(request, found)
        return encoded(found, ("brands",))

    @get(
        "/{id_or_slug:str}/products",
        operation_id="ListBrandProducts",
        summary="Products of a brand",
        responses=answers(Page[ProductSummary], "a page of products", by_slug=True),
    )
    async def list_products(
        self,
        request: _Request,
        id_or_slug: FromPath[IdOrSlug],
        catalog_queries: NamedDependency[CatalogQueries],
        sort: SortParameter = Sort.newest,
        in_stock: StockParameter = None,
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> ASGIResponse:
        wanted = ListFilter(brand=id_or_slug, sort=sort, in_stock=in_stock, limit=limit, after=after)
        try:
            return await listing(catalog_queries, wanted)
        except BrandNotFound:
            found = await catalog_queries.brand(id_or_slug)
            if isinstance(found, Moved):
                return moved(request, found, "/products")
            raise
