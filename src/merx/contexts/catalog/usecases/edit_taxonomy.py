"""Create, edit, move and remove categories; create and edit brands."""

from dataclasses import dataclass
from uuid import UUID

from msgspec import UNSET

from merx.contexts.catalog.domain.errors import CategoryLoop, CategoryNotEmpty, CategoryNotFound, SlugTaken
from merx.contexts.catalog.domain.taxonomy import LAST_PROPOSAL, Brand, Category, Crumb, category_slugs, name_slugs
from merx.contexts.catalog.events import ProductsChanged
from merx.contexts.catalog.ports.repositories import CatalogUow, CatalogUowFactory
from merx.contexts.catalog.usecases.commands import CreateBrand, CreateCategory, EditBrand, EditCategory, MoveCategory
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, pictured
from merx.kernel.edits import same_version, set_given
from merx.kernel.errors import FieldError, Invalid
from merx.kernel.ids import new_id
from merx.kernel.ports import Clock

# A change in the tree shows in the tree itself, in every breadcrumb and in every listing.
TREE_TAGS = ("categories", "listings")
# Whoever hears of a change reads the products again: pages that it can read at once.
EVENT_PAGE = 500


async def _parents(uow: CatalogUow, parent_id: UUID | None) -> list[Crumb]:
    if parent_id is None:
        return []
    try:
        return (await uow.categories.get(parent_id)).trail
    except CategoryNotFound:
        raise Invalid("unknown parent", fields=(FieldError("parent_id", "no such category"),)) from None


async def _tell(uow: CatalogUow, product_ids: list[UUID], clock: Clock, page: int) -> None:
    """These products look different now."""
    await uow.storefront.touch(product_ids)
    now = clock.now()
    for start in range(0, len(product_ids), page):
        uow.emit(ProductsChanged(at=now, product_ids=tuple(product_ids[start : start + page])))
    uow.invalidate(*(f"product:{id}" for id in product_ids))


@dataclass(frozen=True, slots=True)
class CreateCategoryHandler:
    uow: CatalogUowFactory

    async def __call__(self, actor: Actor, cmd: CreateCategory) -> UUID:
        """Without a slug one is made of the names. Raises SlugTaken, Invalid for an unknown parent."""
        category_id = new_id()
        attempt = 0
        while True:
            try:
                await self._create(actor, category_id, cmd, attempt)
            except SlugTaken:
                if cmd.slug is not UNSET or attempt == LAST_PROPOSAL:
                    raise
                attempt += 1
            else:
                return category_id

    async def _create(self, actor: Actor, category_id: UUID, cmd: CreateCategory, attempt: int) -> None:
        async with self.uow() as uow:
            await uow.storefront.hold_taxonomy()
            parents = await _parents(uow, cmd.parent_id)
            proposals = category_slugs(cmd.name, category_id, parents)
            slug = cmd.slug if cmd.slug is not UNSET else proposals[attempt]
            category = Category(id=category_id, slug=slug, name=cmd.name, position=cmd.position)
            category.place(parents)
            await uow.categories.add(category)
            uow.record(AuditEntry.of(actor, "catalog.category-created", category))
            uow.invalidate(*TREE_TAGS)
            await uow.commit()


@dataclass(frozen=True, slots=True)
class EditCategoryHandler:
    uow: CatalogUowFactory
    clock: Clock
    event_page: int = EVENT_PAGE

    async def __call__(
        self, actor: Actor, category_id: UUID, cmd: EditCategory, expected_version: int | None = None
    ) -> None:
        """Raises SlugTaken, StaleVersion."""
        async with self.uow() as uow:
            await uow.storefront.own_taxonomy()
            category = await self._get(uow, category_id, expected_version)
            picture = pictured(category)
            before, old_slug = category.trail, category.slug
            set_given(category, cmd)
            category.place(before[:-1])
            await uow.categories.save(category)
            if category.slug != old_slug:
                await uow.storefront.remember_slug("category", old_slug, category.id, self.clock.now())
            uow.record(AuditEntry.of(actor, "catalog.category-edited", category, before=picture))
            if category.trail != before:
                await self._replant(uow, category, before)
            uow.invalidate(*TREE_TAGS)
            await uow.commit()

    async def move(
        self, actor: Actor, category_id: UUID, cmd: MoveCategory, expected_version: int | None = None
    ) -> None:
        """Move a subtree below another parent. Raises CategoryLoop, StaleVersion."""
        async with self.uow() as uow:
            await uow.storefront.own_taxonomy()
            category = await self._get(uow, category_id, expected_version)
            parents = await _parents(uow, cmd.parent_id)
            if any(crumb.id == category.id for crumb in parents):
                raise CategoryLoop
            picture, before = pictured(category), category.trail
            category.place(parents)
            await uow.categories.save(category)
            uow.record(AuditEntry.of(actor, "catalog.category-moved", category, before=picture))
            await self._replant(uow, category, before)
            uow.invalidate(*TREE_TAGS)
            await uow.commit()

    async def remove(self, actor: Actor, category_id: UUID, expected_version: int | None = None) -> None:
        """Raises StaleVersion, CategoryNotEmpty: what is inside has to go somewhere first."""
        async with self.uow() as uow:
            await uow.storefront.own_taxonomy()
            category = await self._get(uow, category_id, expected_version)
            if len(await uow.storefront.subtree(category_id)) > 1:
                raise CategoryNotEmpty
            if await uow.storefront.product_ids_in_category(category_id):
                raise CategoryNotEmpty
            await uow.categories.remove(category)
            uow.record(AuditEntry.of(actor, "catalog.category-removed", category, gone=True))
            uow.invalidate(*TREE_TAGS)
            await uow.commit()

    async def _get(self, uow: CatalogUow, category_id: UUID, expected_version: int | None) -> Category:
        category = await uow.categories.get(category_id)
        same_version(category, expected_version)
        return category

    async def _replant(self, uow: CatalogUow, category: Category, before: list[Crumb]) -> None:
        await uow.storefront.replant(category, before)
        await _tell(uow, await uow.storefront.product_ids_in_category(category.id), self.clock, self.event_page)


@dataclass(frozen=True, slots=True)
class EditBrandHandler:
    uow: CatalogUowFactory
    clock: Clock
    event_page: int = EVENT_PAGE

    async def create(self, actor: Actor, cmd: CreateBrand) -> UUID:
        """Without a slug one is made of the name. Raises SlugTaken, NameTaken."""
        brand_id = new_id()
        if cmd.slug is not UNSET:
            return await self._create(actor, brand_id, cmd.name, cmd.slug)
        first, other = name_slugs(cmd.name, brand_id)
        try:
            return await self._create(actor, brand_id, cmd.name, first)
        except SlugTaken:
            return await self._create(actor, brand_id, cmd.name, other)

    async def _create(self, actor: Actor, brand_id: UUID, name: str, slug: str) -> UUID:
        async with self.uow() as uow:
            brand = Brand(id=brand_id, slug=slug, name=name)
            await uow.brands.add(brand)
            uow.record(AuditEntry.of(actor, "catalog.brand-created", brand))
            uow.invalidate("brands")
            await uow.commit()
        return brand_id

    async def __call__(self, actor: Actor, brand_id: UUID, cmd: EditBrand, expected_version: int | None = None) -> None:
        """Raises SlugTaken, NameTaken, StaleVersion."""
        async with self.uow() as uow:
            await uow.storefront.own_taxonomy()
            brand = await uow.brands.get(brand_id)
            same_version(brand, expected_version)
            before, old_slug = pictured(brand), brand.slug
            set_given(brand, cmd)
            await uow.brands.save(brand)
            uow.record(AuditEntry.of(actor, "catalog.brand-edited", brand, before=before))
            if brand.slug != old_slug:
                await uow.storefront.remember_slug("brand", old_slug, brand.id, self.clock.now())
            product_ids = await uow.storefront.product_ids_of_brand(brand.id)
            await uow.storefront.refresh(product_ids)
            await _tell(uow, product_ids, self.clock, self.event_page)
            uow.invalidate("brands", "listings")
            await uow.commit()
