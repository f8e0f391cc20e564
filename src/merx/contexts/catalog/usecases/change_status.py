"""A product is published, archived or brought back."""

from dataclasses import dataclass
from uuid import UUID

from merx.contexts.catalog.events import ProductsPublished, ProductsWithdrawn
from merx.contexts.catalog.ports.repositories import CatalogUowFactory
from merx.contexts.catalog.usecases.edit_product import present, product_tags
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, pictured
from merx.kernel.ports import Clock


@dataclass(frozen=True, slots=True)
class ChangeStatusHandler:
    """publish, archive or restore one product. Each raises StaleVersion when another version was expected."""

    uow: CatalogUowFactory
    clock: Clock

    async def publish(self, actor: Actor, product_id: UUID, expected_version: int | None = None) -> None:
        """Raises NotPublishable."""
        async with self.uow() as uow:
            await uow.storefront.hold_taxonomy()
            product = await present(uow, product_id, expected_version)
            before = pictured(product)
            now = self.clock.now()
            product.publish(now)
            await uow.products.save(product)
            await uow.storefront.refresh([product.id])
            variant_ids = tuple(variant.id for variant in product.variants)
            uow.emit(ProductsPublished(at=now, product_ids=(product.id,), variant_ids=variant_ids))
            uow.invalidate(*product_tags(product))
            uow.record(AuditEntry.of(actor, "catalog.product-published", product, before=before))
            await uow.commit()

    async def archive(self, actor: Actor, product_id: UUID, expected_version: int | None = None) -> None:
        async with self.uow() as uow:
            await uow.storefront.hold_taxonomy()
            product = await present(uow, product_id, expected_version)
            before = pictured(product)
            now = self.clock.now()
            product.archive(now)
            await uow.products.save(product)
            await uow.storefront.refresh([product.id])
            uow.emit(ProductsWithdrawn(at=now, product_ids=(product.id,)))
            uow.invalidate(*product_tags(product))
            uow.record(AuditEntry.of(actor, "catalog.product-archived", product, before=before))
            await uow.commit()

    async def restore(self, actor: Actor, product_id: UUID, expected_version: int | None = None) -> None:
        """Raises NotArchived."""
        async with self.uow() as uow:
            product = await present(uow, product_id, expected_version)
            before = pictured(product)
            product.restore(self.clock.now())
            await uow.products.save(product)
            uow.record(AuditEntry.of(actor, "catalog.product-restored", product, before=before))
            await uow.commit()
