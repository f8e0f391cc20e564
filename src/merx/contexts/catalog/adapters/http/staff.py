"""What staff changes: products, categories, brands. Edits honour If-Match and answer the new state with its ETag."""

from uuid import UUID

from litestar import Controller, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from merx.contexts.catalog.ports.queries import CatalogQueries, StaffProduct
from merx.contexts.catalog.usecases.change_status import ChangeStatusHandler
from merx.contexts.catalog.usecases.commands import (
    CreateProduct,
    EditProduct,
)
from merx.contexts.catalog.usecases.edit_product import CreateProductHandler, EditProductHandler
from merx.infra.http.accepted import MAY_WAIT, accepted
from merx.infra.http.auth import alive, staff
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
        guards=[alive(_WRITE)],
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
