"""Create, edit, move and remove categories; create and edit brands."""

from dataclasses import dataclass
from uuid import UUID

from msgspec import UNSET

from merx.contexts.catalog.domain.errors import CategoryLoop, CategoryNotEmpty, CategoryNotFound
from merx.contexts.catalog.domain.taxonomy import Brand, Category, Crumb
from merx.contexts.catalog.events import ProductsChanged
from merx.contexts.catalog.ports.repositories import CatalogUow, CatalogUowFactory
from merx.contexts.catalog.usecases.commands import CreateBrand, CreateCategory, EditBrand, EditCategory, MoveCategory
from merx.kernel.errors import FieldError, Invalid, StaleVersion
from merx.kernel.ids import new_id
from merx.kernel.ports import Clock
from merx.kernel.text import slugify

# A change in the tree shows in the tree itself, in every breadcrumb and in every listing.
TREE_TAGS = ("categories", "listings")


async def _parents(uow: CatalogUow, parent_id: UUID | None) -> list[Crumb]:
    if parent_id is None:
        return []
    try:
        return (await uow.categories.get(parent_id)).trail
    except CategoryNotFound:
        raise Invalid("unknown parent", fields=(FieldError("parent_id", "no such category"),)) from None


async def _replant(uow: CatalogUow, root: Category, clock: Clock) -> None:
    """Rewrite the trails of everything below `root`, and tell who shows products of the subtree."""
    below = [id for id in await uow.storefront.subtree(root.id) if id != root.id]
    categories = {category.id: category for category in await uow.categories.find(below)}
    # Parents come before children: a trail of n steps needs one of n-1 steps to be right already.
    for category in sorted(categories.values(), key=lambda category: len(category.trail)):
        parent = categories.get(category.parent_id or root.id, root)
        category.place(parent.trail)
        await uow.categories.save(category)
    product_ids = await uow.storefront.product_ids_in_category(root.id)
    if product_ids:
        await uow.storefront.refresh(product_ids)
        uow.emit(ProductsChanged(at=clock.now(), product_ids=tuple(product_ids)))
        uow.invalidate(*(f"product:{id}" for id in product_ids))
    uow.invalidate(*TREE_TAGS)


@dataclass(frozen=True, slots=True)
class CreateCategoryHandler:
    uow: CatalogUowFactory

    async def __call__(self, cmd: CreateCategory) -> UUID:
        """Raises SlugTaken, Invalid for an unknown parent."""
        async with self.uow() as uow:
            parents = await _parents(uow, cmd.parent_id)
            category_id = new_id()
            slug = cmd.slug if cmd.slug is not UNSET else slugify(cmd.name) or str(category_id)
            category = Category(id=category_id, slug=slug, name=cmd.name, position=cmd.position)
            category.place(parents)
            await uow.categories.add(category)
            uow.invalidate(*TREE_TAGS)
            await uow.commit()
        return category_id


@dataclass(frozen=True, slots=True)
class EditCategoryHandler:
    uow: CatalogUowFactory
    clock: Clock

    async def __call__(self, category_id: UUID, cmd: EditCategory, expected_version: int | None = None) -> None:
        async with self.uow() as uow:
            category = await uow.categories.get(category_id)
            if expected_version is not None and category.version != expected_version:
                raise StaleVersion
            old_slug = category.slug
            for field in ("name", "slug", "position"):
                value = getattr(cmd, field)
                if value is not UNSET:
                    setattr(category, field, value)
            category.place(category.trail[:-1])
            await uow.categories.save(category)
            if category.slug != old_slug:
                await uow.storefront.remember_slug("category", old_slug, category.id, self.clock.now())
            await _replant(uow, category, self.clock)
            await uow.commit()

    async def move(self, category_id: UUID, cmd: MoveCategory) -> None:
        """Move a subtree below another parent. Raises CategoryLoop."""
        async with self.uow() as uow:
            category = await uow.categories.get(category_id)
            parents = await _parents(uow, cmd.parent_id)
            if any(crumb.id == category.id for crumb in parents):
                raise CategoryLoop
            category.place(parents)
            await uow.categories.save(category)
            await _replant(uow, category, self.clock)
            await uow.commit()

    async def remove(self, category_id: UUID) -> None:
        """Raises CategoryNotEmpty: what is inside has to go somewhere first."""
        async with self.uow() as uow:
            category = await uow.categories.get(category_id)
            if len(await uow.storefront.subtree(category_id)) > 1:
                raise CategoryNotEmpty
            if await uow.storefront.product_ids_in_category(category_id):
                raise CategoryNotEmpty
            await uow.categories.remove(category)
            uow.invalidate(*TREE_TAGS)
            await uow.commit()


@dataclass(frozen=True, slots=True)
class EditBrandHandler:
    uow: CatalogUowFactory
    clock: Clock

    async def create(self, cmd: CreateBrand) -> UUID:
        """Raises SlugTaken, NameTaken."""
        async with self.uow() as uow:
            brand_id = new_id()
            slug = cmd.slug if cmd.slug is not UNSET else slugify(cmd.name) or str(brand_id)
            await uow.brands.add(Brand(id=brand_id, slug=slug, name=cmd.name))
            uow.invalidate("brands")
            await uow.commit()
        return brand_id

    async def __call__(self, brand_id: UUID, cmd: EditBrand, expected_version: int | None = None) -> None:
        async with self.uow() as uow:
            brand = await uow.brands.get(brand_id)
            if expected_version is not None and brand.version != expected_version:
                raise StaleVersion
            old_slug = brand.slug
            if cmd.name is not UNSET:
                brand.name = cmd.name
            if cmd.slug is not UNSET:
                brand.slug = cmd.slug
            await uow.brands.save(brand)
            if brand.slug != old_slug:
                await uow.storefront.remember_slug("brand", old_slug, brand.id, self.clock.now())
            product_ids = await uow.storefront.product_ids_of_brand(brand.id)
            if product_ids:
                await uow.storefront.refresh(product_ids)
                uow.emit(ProductsChanged(at=self.clock.now(), product_ids=tuple(product_ids)))
            uow.invalidate("brands", "listings", *(f"product:{id}" for id in product_ids))
            await uow.commit()
