"""Import a catalogue feed in batches that each commit, so that a stopped import goes on where it was."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from hashlib import blake2b
from itertools import islice
from typing import IO
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
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.errors import Conflict
from merx.kernel.ids import new_id
from merx.kernel.ports import Clock
from merx.kernel.text import slugify

BATCH = 1000
# A slug or SKU that staff takes at the very moment is seen at the next try.
_TRIES = 3


class ImportedBatch(msgspec.Struct, frozen=True):
    """A committed batch up to and with `line`. `stock` has the units the feed states per variant, None where silent."""

    line: int
    products: int
    stock: dict[UUID, int | None]
    problems: list[FeedProblem]


class _Read(msgspec.Struct, frozen=True):
    line: int
    rows: list[tuple[FeedRow, ImportedProduct]]
    problems: list[FeedProblem]


@dataclass(frozen=True, slots=True)
class ImportCatalogueHandler:
    """Rows are upserted by their id in the feed, so importing a file twice changes nothing the second time.

    The audit trail has where a run began, went on and ended, not each product of it.
    """

    uow: CatalogUowFactory
    clock: Clock
    rows: int = BATCH

    async def run_for(self, digest: str, name: str) -> ImportRun:
        """The run of the file with this content, new or as far as it came."""
        async with self.uow() as uow:
            run = await uow.imports.of(digest)
            if run is None:
                run = ImportRun(id=new_id(), digest=digest, name=name)
                await uow.imports.put(run)
                uow.record(_about(run, "begun"))
                await uow.commit()
            elif not run.finished:
                uow.record(_about(run, "resumed"))
                await uow.commit()
        return run

    async def batches(self, run: ImportRun, stream: IO[bytes]) -> AsyncIterator[ImportedBatch]:
        """Imports batch by batch; call `reached` after each one, when all that belongs to it is done too.

        Close the iterator (`contextlib.aclosing`) before the stream.
        """
        feed = read_feed(stream, after_line=run.lines_done)
        # The next batch is read in a thread while the database works on this one.
        ahead = asyncio.ensure_future(asyncio.to_thread(self._read, feed))
        try:
            while (batch := await ahead) is not None:
                ahead = asyncio.ensure_future(asyncio.to_thread(self._read, feed))
                yield await self._import(batch)
        finally:
            await asyncio.gather(ahead, return_exceptions=True)

    async def reached(self, run: ImportRun, batch: ImportedBatch) -> None:
        """Remember how far the run came."""
        run.lines_done = batch.line
        run.products += batch.products
        run.refused += len(batch.problems)
        await self._store(run)

    async def finish(self, run: ImportRun) -> None:
        """Twice changes nothing."""
        if not run.finished:
            run.finished = True
            await self._store(run, "finished")

    async def start_again(self, run: ImportRun) -> None:
        """From the first line, for a file that was imported before."""
        run.lines_done = run.products = run.refused = 0
        run.finished = False
        await self._store(run, "begun")

    async def _store(self, run: ImportRun, what: str = "") -> None:
        async with self.uow() as uow:
            await uow.imports.put(run)
            if what:
                uow.record(_about(run, what))
            await uow.commit()

    def _read(self, feed: Iterator[FeedRow | FeedProblem]) -> _Read | None:
        items = list(islice(feed, self.rows))
        if not items:
            return None
        now = self.clock.now()
        return _Read(
            items[-1].line,
            [(item, _imported(item.product, now)) for item in items if isinstance(item, FeedRow)],
            [item for item in items if isinstance(item, FeedProblem)],
        )

    async def _import(self, batch: _Read) -> ImportedBatch:
        result = await self._write([product for _, product in batch.rows])
        problems = [
            FeedProblem(row.line, result.refused[row.product.id])
            for row, _ in batch.rows
            if row.product.id in result.refused
        ]
        stated = {variant.sku: variant.stock for row, _ in batch.rows for variant in row.product.variants}
        stock = {variant_id: stated[sku] for sku, variant_id in result.variants.items()}
        done = len(result.written) + result.unchanged
        return ImportedBatch(
            batch.line, done, stock, sorted([*batch.problems, *problems], key=lambda problem: problem.line)
        )

    async def _write(self, products: list[ImportedProduct]) -> BulkResult:
        if not products:
            return BulkResult([], 0, {}, {})
        for attempt in range(_TRIES):
            try:
                return await self._write_once(products)
            except Conflict:
                if attempt == _TRIES - 1:
                    raise
        raise AssertionError("unreachable")

    async def _write_once(self, products: list[ImportedProduct]) -> BulkResult:
        now = self.clock.now()
        async with self.uow() as uow:
            result = await uow.bulk.upsert(products, now)
            if result.written:
                uow.emit(
                    ProductsPublished(
                        at=now, product_ids=tuple(result.written), variant_ids=tuple(result.variants.values())
                    )
                )
                uow.invalidate("*")
            await uow.commit()
        return result


def _about(run: ImportRun, what: str) -> AuditEntry:
    # A file is brought in at a terminal of the shop. `sha256` says which one: names are given twice.
    told = facts(
        file=run.name, sha256=run.digest, lines_done=run.lines_done, products=run.products, refused=run.refused
    )
    return AuditEntry(
        actor=Actor.system(), action=f"catalog.import-{what}", target="import-run", target_id=run.id, changes=told
    )


def _imported(product: FeedProduct, now: datetime) -> ImportedProduct:
    since = product.added or product.released
    description = product.description or compose(product)
    variants = list(_variants(product))
    model = product.model or product.mpn or ""
    content = (product.name, product.brand, product.category, description, model, product.attributes)
    sold = [(v.sku, v.options, v.barcodes, v.price_amount, v.price_currency) for v in variants]
    return ImportedProduct(
        id=new_id(),
        external_id=product.id,
        slug=f"{slugify(product.name, 100)}-{slugify(product.id) or new_id().hex}".lstrip("-"),
        name=product.name,
        brand=product.brand or "",
        category=list(product.category),
        description=description,
        model=model,
        attributes=product.attributes,
        created_at=datetime.combine(since, time(), UTC) if since else now,
        digest=blake2b(msgspec.json.encode((content, sold)), digest_size=16).hexdigest(),
        variants=variants,
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
