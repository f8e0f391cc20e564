"""What staff changes: products, categories, brands. Edits honour If-Match and answer the new state with its ETag."""

from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from merx.contexts.catalog.domain.errors import BrandNotFound, CategoryNotFound
from merx.contexts.catalog.ports.queries import BrandView, CatalogQueries, CategoryDetail, Moved, StaffProduct
from merx.contexts.catalog.usecases.commands import (
    CreateBrand,
    CreateCategory,
    CreateProduct,
    EditBrand,
    EditCategory,
    EditProduct,
    MoveCategory,
)
from merx.contexts.catalog.usecases.edit_product import ChangeStatusHandler, CreateProductHandler, EditProductHandler
from merx.contexts.catalog.usecases.edit_taxonomy import CreateCategoryHandler, EditBrandHandler, EditCategoryHandler
from merx.infra.http.accepted import MAY_WAIT, accepted
from merx.infra.http.auth import staff
from merx.infra.http.bodies import accepts
from merx.infra.http.once import once
from merx.infra.http.versions import IfMatch, version_of_if_match, versioned
from merx.kernel.actor import Actor

_READ, _WRITE = staff("catalog:read"), staff("catalog:write")
# A long description, 300 attributes and 500 variants.
MAX_PRODUCT = 1 << 20


async def _answer(queries: CatalogQueries, product_id: UUID, status: int = 200) -> Response[StaffProduct]:
    product = await queries.staff_product(product_id)
    return versioned(product, status)


class StaffProducts(Controller):
    path = "/products"
    tags = ("products",)

    @post(
        "/",
        guards=[_WRITE],
        operation_id="CreateProduct",
        summary="Make a product",
        **accepts(limit=MAX_PRODUCT),
        **once(),
    )
    async def create(
        self,
        data: JSONBody[CreateProduct],
        actor: NamedDependency[Actor],
        create_product: NamedDependency[CreateProductHandler],
        catalog_queries: NamedDependency[CatalogQueries],
    ) -> Response[StaffProduct]:
        """A draft; publish it to show it."""
        return await _answer(catalog_queries, await create_product(actor, data), 201)

    @get(
        "/{product_id:uuid}/edit",
        guards=[_READ],
        operation_id="GetProductForStaff",
        summary="A product as staff edits it",
    )
    async def read(
        self, product_id: FromPath[UUID], catalog_queries: NamedDependency[CatalogQueries]
    ) -> Response[StaffProduct]:
        """The product whatever its status, with the ETag for If-Match."""
        return await _answer(catalog_queries, product_id)

    @patch(
        "/{product_id:uuid}",
        guards=[_WRITE],
        operation_id="EditProduct",
        summary="Edit a product",
        responses=MAY_WAIT,
        **accepts(limit=MAX_PRODUCT),
    )
    async def edit(
        self,
        product_id: FromPath[UUID],
        data: JSONBody[EditProduct],
        actor: NamedDependency[Actor],
        edit_product: NamedDependency[EditProductHandler],
        catalog_queries: NamedDependency[CatalogQueries],
        if_match: IfMatch = None,
    ) -> Response[StaffProduct]:
        """A price beyond the limit of the shop waits for a second person: 202, and nothing has changed."""
        if asked := await edit_product(actor, product_id, data, version_of_if_match(if_match)):
            return accepted(asked)
        return await _answer(catalog_queries, product_id)

    @post(
        "/{product_id:uuid}/publish",
        guards=[_WRITE],
        status_code=200,
        operation_id="PublishProduct",
        summary="Show a product to shoppers",
        **once(),
    )
    async def publish(
        self,
        product_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        change_product_status: NamedDependency[ChangeStatusHandler],
        catalog_queries: NamedDependency[CatalogQueries],
        if_match: IfMatch = None,
    ) -> Response[StaffProduct]:
        await change_product_status.publish(actor, product_id, version_of_if_match(if_match))
        return await _answer(catalog_queries, product_id)

    @post(
        "/{product_id:uuid}/archive",
        guards=[_WRITE],
        status_code=200,
        operation_id="ArchiveProduct",
        summary="Take a product out of the shop",
        **once(),
    )
    async def archive(
        self,
        product_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        change_product_status: NamedDependency[ChangeStatusHandler],
        catalog_queries: NamedDependency[CatalogQueries],
        if_match: IfMatch = None,
    ) -> Response[StaffProduct]:
        await change_product_status.archive(actor, product_id, version_of_if_match(if_match))
        return await _answer(catalog_queries, product_id)

    @post(
        "/{product_id:uuid}/restore",
        guards=[_WRITE],
        status_code=200,
        operation_id="RestoreProduct",
        summary="Take a product out of the archive",
        **once(),
    )
    async def restore(
        self,
        product_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        change_product_status: NamedDependency[ChangeStatusHandler],
        catalog_queries: NamedDependency[CatalogQueries],
        if_match: IfMatch = None,
    ) -> Response[StaffProduct]:
        """From the archive back to draft."""
        await change_product_status.restore(actor, product_id, version_of_if_match(if_match))
        return await _answer(catalog_queries, product_id)


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
