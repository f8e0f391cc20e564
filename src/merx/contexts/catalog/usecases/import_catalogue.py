"""Import a catalogue feed in batches that each commit, so that a stopped import goes on where it was."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from itertools import islice
from typing import BinaryIO
from uuid import UUID

import msgspec

from merx.contexts.catalog.domain.description import compose
from merx.contexts.catalog.domain.feed import FeedProduct
from merx.contexts.catalog.domain.feed_reader import FeedProblem, FeedRow, read_feed
from merx.contexts.catalog.events import ProductsPublished
from merx.contexts.catalog.ports.repositories import (
    BulkResult,
    CatalogUowFactory,
    ImportedProduct,
    ImportedVariant,
    ImportRun,
)
from merx.kernel.ids import new_id
from merx.kernel.ports import Clock
from merx.kernel.text import slugify

BATCH = 1000


class ImportedBatch(msgspec.Struct, frozen=True):
    """A committed batch up to and with `line`. `stock` has the units the feed states per variant, None where silent."""

    line: int
    products: int
    stock: dict[UUID, int | None]
    problems: list[FeedProblem]


@dataclass(frozen=True, slots=True)
class ImportCatalogueHandler:
    """Rows are upserted by their id in the feed, so importing a file twice changes nothing the second time."""

    uow: CatalogUowFactory
    clock: Clock

    async def run_for(self, digest: str, name: str) -> ImportRun:
        """The run of the file with this content, new or as far as it came."""
        async with self.uow() as uow:
            run = await uow.imports.of(digest)
            if run is None:
                run = ImportRun(id=new_id(), digest=digest, name=name)
                await uow.imports.put(run)
                await uow.commit()
        return run

    async def batches(self, run: ImportRun, stream: BinaryIO) -> AsyncIterator[ImportedBatch]:
        """Imports batch by batch; call `reached` after each one, when all that belongs to it is done too."""
        rows = read_feed(stream, after_line=run.lines_done)
        while batch := list(islice(rows, BATCH)):
            yield await self._import(batch)

    async def reached(self, run: ImportRun, batch: ImportedBatch) -> None:
        """Remember how far the run came."""
        run.lines_done = batch.line
        run.products += batch.products
        run.refused += len(batch.problems)
        await self._store(run)

    async def finish(self, run: ImportRun) -> None:
        run.finished = True
        await self._store(run)

    async def _store(self, run: ImportRun) -> None:
        async with self.uow() as uow:
            await uow.imports.put(run)
            await uow.commit()

    async def _import(self, batch: list[FeedRow | FeedProblem]) -> ImportedBatch:
        good = [item for item in batch if isinstance(item, FeedRow)]
        problems = [item for item in batch if isinstance(item, FeedProblem)]
        now = self.clock.now()
        result = BulkResult([], {}, {})
        if good:
            async with self.uow() as uow:
                result = await uow.bulk.upsert([_imported(row.product, now) for row in good], now)
                published = tuple(result.product_ids)
                uow.emit(ProductsPublished(at=now, product_ids=published, variant_ids=tuple(result.variants.values())))
                uow.invalidate("*")
                await uow.commit()
        problems += [
            FeedProblem(row.line, result.refused[row.product.id]) for row in good if row.product.id in result.refused
        ]
        stated = {variant.sku: variant.stock for row in good for variant in row.product.variants}
        stock = {variant_id: stated.get(sku) for sku, variant_id in result.variants.items()}
        return ImportedBatch(batch[-1].line, len(result.product_ids), stock, problems)


def _imported(product: FeedProduct, now: datetime) -> ImportedProduct:
    since = product.added or product.released
    return ImportedProduct(
        id=new_id(),
        external_id=product.id,
        slug=f"{slugify(product.name, 100)}-{slugify(product.id) or new_id().hex}".lstrip("-"),
        name=product.name,
        brand=product.brand or "",
        category=list(product.category),
        description=product.description or compose(product),
        model=product.model or product.mpn or "",
        attributes=product.attributes,
        created_at=datetime.combine(since, time(), UTC) if since else now,
        variants=list(_variants(product)),
    )


def _variants(product: FeedProduct) -> Iterator[ImportedVariant]:
    for position, variant in enumerate(product.variants):
        yield ImportedVariant(
            id=new_id(),
            sku=variant.sku,
            options=variant.options,
            barcodes=list(variant.barcodes),
            price_amount=variant.sale_amount or variant.price_amount,
            price_currency=product.currency,
            position=position,
        )
