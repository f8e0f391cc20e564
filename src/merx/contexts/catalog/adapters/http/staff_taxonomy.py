"""Categories and brands as staff sees them."""

from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from merx.contexts.catalog.domain.errors import BrandNotFound, CategoryNotFound
from merx.contexts.catalog.ports.queries import BrandView, CatalogQueries, CategoryDetail, Moved
from merx.contexts.catalog.usecases.commands import (
    CreateBrand,
    CreateCategory,
    EditBrand,
    EditCategory,
    MoveCategory,
)
from merx.contexts.catalog.usecases.edit_taxonomy import CreateCategoryHandler, EditBrandHandler, EditCategoryHandler
from merx.infra.http.auth import staff
from merx.infra.http.once import once
from merx.infra.http.versions import IfMatch, version_of_if_match, versioned
from merx.kernel.actor import Actor

_READ, _WRITE = staff("catalog:read"), staff("catalog:write")


async def _category(queries: CatalogQueries, category_id: UUID, status: int = 200) -> Response[CategoryDetail]:
    found = await queries.category(str(category_id))
    if isinstance(found, Moved):  # an id never moves
        raise CategoryNotFound
    return versioned(found, status)


class StaffCategories(Controller):
    path = "/categories"
    tags = ("categories",)

    @post("/", guards=[_WRITE], operation_id="CreateCategory", summary="Make a category", **once())
    async def create(
        self,
        data: JSONBody[CreateCategory],
        actor: NamedDependency[Actor],
        create_category: NamedDependency[CreateCategoryHandler],
        catalog_queries: NamedDependency[CatalogQueries],
    ) -> Response[CategoryDetail]:
        return await _category(catalog_queries, await create_category(actor, data), 201)

    @get(
        "/{category_id:uuid}/edit",
        guards=[_READ],
        operation_id="GetCategoryForStaff",
        summary="A category as staff edits it",
    )
    async def read(
        self, category_id: FromPath[UUID], catalog_queries: NamedDependency[CatalogQueries]
    ) -> Response[CategoryDetail]:
        """The category with the ETag for If-Match."""
        return await _category(catalog_queries, category_id)

    @patch("/{category_id:uuid}", guards=[_WRITE], operation_id="EditCategory", summary="Edit a category")
    async def edit(
        self,
        category_id: FromPath[UUID],
        data: JSONBody[EditCategory],
        actor: NamedDependency[Actor],
        edit_category: NamedDependency[EditCategoryHandler],
        catalog_queries: NamedDependency[CatalogQueries],
        if_match: IfMatch = None,
    ) -> Response[CategoryDetail]:
        await edit_category(actor, category_id, data, version_of_if_match(if_match))
        return await _category(catalog_queries, category_id)

    @post(
        "/{category_id:uuid}/move",
        guards=[_WRITE],
        status_code=200,
        operation_id="MoveCategory",
        summary="Put a category below another one",
        **once(),
    )
    async def move(
        self,
        category_id: FromPath[UUID],
        data: JSONBody[MoveCategory],
        actor: NamedDependency[Actor],
        edit_category: NamedDependency[EditCategoryHandler],
        catalog_queries: NamedDependency[CatalogQueries],
        if_match: IfMatch = None,
    ) -> Response[CategoryDetail]:
        """With everything below it."""
        await edit_category.move(actor, category_id, data, version_of_if_match(if_match))
        return await _category(catalog_queries, category_id)

    @delete("/{category_id:uuid}", guards=[_WRITE], operation_id="RemoveCategory", summary="Remove an empty category")
    async def remove(
        self,
        category_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        edit_category: NamedDependency[EditCategoryHandler],
        if_match: IfMatch = None,
    ) -> None:
        """Only an empty one."""
        await edit_category.remove(actor, category_id, version_of_if_match(if_match))


async def _brand(queries: CatalogQueries, brand_id: UUID, status: int = 200) -> Response[BrandView]:
    found = await queries.brand(str(brand_id))
    if isinstance(found, Moved):  # an id never moves
        raise BrandNotFound
    return versioned(found, status)


class StaffBrands(Controller):
    path = "/brands"
    tags = ("brands",)

    @post("/", guards=[_WRITE], operation_id="CreateBrand", summary="Make a brand", **once())
    async def create(
        self,
        data: JSONBody[CreateBrand],
        actor: NamedDependency[Actor],
        edit_brand: NamedDependency[EditBrandHandler],
        catalog_queries: NamedDependency[CatalogQueries],
    ) -> Response[BrandView]:
        return await _brand(catalog_queries, await edit_brand.create(actor, data), 201)

    @get("/{brand_id:uuid}/edit", guards=[_READ], operation_id="GetBrandForStaff", summary="A brand as staff edits it")
    async def read(
        self, brand_id: FromPath[UUID], catalog_queries: NamedDependency[CatalogQueries]
    ) -> Response[BrandView]:
        """The brand with the ETag for If-Match."""
        return await _brand(catalog_queries, brand_id)

    @patch("/{brand_id:uuid}", guards=[_WRITE], operation_id="EditBrand", summary="Edit a brand")
    async def edit(
        self,
        brand_id: FromPath[UUID],
        data: JSONBody[EditBrand],
        actor: NamedDependency[Actor],
        edit_brand: NamedDependency[EditBrandHandler],
        catalog_queries: NamedDependency[CatalogQueries],
        if_match: IfMatch = None,
    ) -> Response[BrandView]:
        await edit_brand(actor, brand_id, data, version_of_if_match(if_match))
        return await _brand(catalog_queries, brand_id)
