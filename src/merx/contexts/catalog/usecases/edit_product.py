"""Create, edit, publish and archive products."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from msgspec import UNSET

from merx.contexts.catalog.domain.errors import BrandNotFound, CategoryNotFound, SlugTaken
from merx.contexts.catalog.domain.price_limit import WINDOW, PriceLimit, repriced, steps_of
from merx.contexts.catalog.domain.product import Product, ProductStatus, Variant
from merx.contexts.catalog.domain.taxonomy import name_slugs
from merx.contexts.catalog.events import ProductsChanged, VariantsAdded
from merx.contexts.catalog.ports.repositories import CatalogUow, CatalogUowFactory
from merx.contexts.catalog.usecases.commands import CreateProduct, EditProduct, EditVariant, NewVariant
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.approvals import Asked, Kind, SecondPerson
from merx.kernel.audit import AuditEntry, Picture, pictured
from merx.kernel.edits import same_version, set_given
from merx.kernel.errors import FieldError, Invalid
from merx.kernel.ids import new_id
from merx.kernel.money import Money, exponent
from merx.kernel.ports import Clock

EDIT = Kind("catalog.edit-product", "catalog:write")


def product_tags(product: Product) -> tuple[str, ...]:
    """Cached answers that show this product."""
    return (f"product:{product.id}", "listings")


async def _check_references(uow: CatalogUow, brand_id: UUID | None, category_id: UUID | None) -> None:
    try:
        if brand_id is not None:
            await uow.brands.get(brand_id)
        if category_id is not None:
            await uow.categories.get(category_id)
    except BrandNotFound:
        raise Invalid("unknown brand", fields=(FieldError("brand_id", "no such brand"),)) from None
    except CategoryNotFound:
        raise Invalid("unknown category", fields=(FieldError("category_id", "no such category"),)) from None


def _new_variant(given: NewVariant) -> Variant:
    exponent(given.price.currency)
    return Variant(
        id=new_id(),
        sku=given.sku,
        price=Money(given.price.amount, given.price.currency),
        options=dict(given.options),
        barcodes=list(given.barcodes),
        weight_grams=given.weight_grams,
    )


def _apply_variant(product: Product, edit: EditVariant, position: int) -> None:
    if edit.id is UNSET:
        if edit.sku is UNSET or edit.price is UNSET:
            where = f"variants[{position}]"
            raise Invalid("a new variant needs more", fields=(FieldError(where, "give sku and price, or an id"),))
        product.variants.append(
            _new_variant(
                NewVariant(
                    sku=edit.sku,
                    price=edit.price,
                    options={} if edit.options is UNSET else edit.options,
                    barcodes=[] if edit.barcodes is UNSET else edit.barcodes,
                    weight_grams=0 if edit.weight_grams is UNSET else edit.weight_grams,
                )
            )
        )
        return
    variant = product.variant(edit.id)
    if edit.price is not UNSET:
        exponent(edit.price.currency)
        variant.price = Money(edit.price.amount, edit.price.currency)
    set_given(variant, edit, but=("id", "price"))


@dataclass(frozen=True, slots=True)
class CreateProductHandler:
    uow: CatalogUowFactory
    clock: Clock

    async def __call__(self, actor: Actor, cmd: CreateProduct) -> UUID:
        """A new draft. Without a slug one is made of the name. Raises SlugTaken, SkuTaken, SameOptions."""
        product_id = new_id()
        if cmd.slug is not UNSET:
            return await self._create(actor, product_id, cmd, cmd.slug)
        first, other = name_slugs(cmd.name, product_id)
        try:
            return await self._create(actor, product_id, cmd, first)
        except SlugTaken:
            return await self._create(actor, product_id, cmd, other)

    async def _create(self, actor: Actor, product_id: UUID, cmd: CreateProduct, slug: str) -> UUID:
        now = self.clock.now()
        product = Product(
            id=product_id,
            slug=slug,
            name=cmd.name,
            created_at=now,
            updated_at=now,
            brand_id=cmd.brand_id,
            category_id=cmd.category_id,
            description=cmd.description,
            model=cmd.model,
            attributes=dict(cmd.attributes),
            variants=[_new_variant(variant) for variant in cmd.variants],
        )
        product.check()
        async with self.uow() as uow:
            await uow.storefront.hold_taxonomy()
            await _check_references(uow, cmd.brand_id, cmd.category_id)
            await uow.products.add(product)
            uow.emit(VariantsAdded(at=now, variant_ids=tuple(variant.id for variant in product.variants)))
            uow.record(AuditEntry.of(actor, "catalog.product-created", product))
            await uow.commit()
        return product_id


@dataclass(frozen=True, slots=True)
class _Edited:
    """A product that was changed and not saved, with what it was before."""

    product: Product
    before: Picture
    slug: str
    prices: Mapping[UUID, Money]


@dataclass(frozen=True, slots=True)
class EditProductHandler:
    """Raises StaleVersion when the caller edited another version than the present one.

    Also UnknownVariant, SameOptions, SkuTaken, SlugTaken, and StepUpNeeded for another price.
    """

    uow: CatalogUowFactory
    clock: Clock
    limit: PriceLimit
    second: SecondPerson

    async def __call__(
        self, actor: Actor, product_id: UUID, cmd: EditProduct, expected_version: int | None = None
    ) -> Asked | None:
        """With a price beyond the limit nothing changes, and the answer is what another person has to agree to."""
        async with self.uow() as uow:
            edited = await self._edited(uow, actor, product_id, cmd, expected_version)
            asked = None
            if not self.limit.percent or not repriced(edited.product, edited.prices):
                await self._save(uow, actor, edited)
            elif actor.kind is ActorKind.system:
                await self._settle(uow, actor, edited)
            else:
                asked = await self._alone(uow, actor, edited, cmd)
            await uow.commit()
        return asked

    async def _alone(self, uow: CatalogUow, actor: Actor, edited: _Edited, cmd: EditProduct) -> Asked | None:
        now = self.clock.now()
        since = now - WINDOW
        stood = dict(edited.prices) | dict(await uow.price_steps.stood(list(edited.prices), since))
        if self.limit.exceeded(edited.product, edited.prices, stood):
            return await self.second.ask(uow, actor, EDIT, edited.product, cmd)
        await self._save(uow, actor, edited)
        if steps := steps_of(edited.product, edited.prices, stood, now):
            await uow.price_steps.add(steps, since)
        return None

    async def approved(self, actor: Actor, approval_id: UUID) -> None:
        """What another person asked for, of the version it was asked for."""
        async with self.uow() as uow:
            approval = await self.second.approve(uow, actor, approval_id)
            cmd = approval.cmd(EditProduct)
            edited = await self._edited(uow, actor, approval.target_id, cmd, approval.target_version)
            await self._settle(uow, actor, edited)
            await uow.commit()

    async def _settle(self, uow: CatalogUow, actor: Actor, edited: _Edited) -> None:
        """Two people agreed, or the shop itself: what comes next is measured by these prices."""
        await self._save(uow, actor, edited)
        await uow.price_steps.forget([variant.id for variant in repriced(edited.product, edited.prices)])

    async def _edited(
        self, uow: CatalogUow, actor: Actor, product_id: UUID, cmd: EditProduct, expected_version: int | None
    ) -> _Edited:
        await uow.storefront.hold_taxonomy()
        product = await present(uow, product_id, expected_version)
        await _check_references(uow, cmd.brand_id or None, cmd.category_id or None)
        prices = {variant.id: variant.price for variant in product.variants}
        edited = _Edited(product, pictured(product), product.slug, prices)
        set_given(product, cmd, but=("variants",))
        if cmd.variants is not UNSET:
            for position, edit in enumerate(cmd.variants):
                _apply_variant(product, edit, position)
        if _reprices(product, prices):
            actor.must_be_fresh()
        product.check()
        return edited

    async def _save(self, uow: CatalogUow, actor: Actor, edited: _Edited) -> None:
        product = edited.product
        product.updated_at = self.clock.now()
        await uow.products.save(product)
        if product.slug != edited.slug:
            await uow.storefront.remember_slug("product", edited.slug, product.id, product.updated_at)
        if added := tuple(variant.id for variant in product.variants if variant.id not in edited.prices):
            uow.emit(VariantsAdded(at=product.updated_at, variant_ids=added))
        uow.record(AuditEntry.of(actor, "catalog.product-edited", product, before=edited.before))
        if product.status is ProductStatus.active:
            await uow.storefront.refresh([product.id])
            uow.emit(ProductsChanged(at=product.updated_at, product_ids=(product.id,)))
            uow.invalidate(*product_tags(product))


def _reprices(product: Product, known: Mapping[UUID, Money]) -> bool:
    """Another price, also by way of a new variant in the place of an old one. The first price in a draft is none."""
    if any(variant.price != known.get(variant.id, variant.price) for variant in product.variants):
        return True
    added = any(variant.id not in known for variant in product.variants)
    return added and product.status is not ProductStatus.draft


async def present(uow: CatalogUow, product_id: UUID, expected_version: int | None) -> Product:
    product = await uow.products.get(product_id)
    same_version(product, expected_version)
    return product
