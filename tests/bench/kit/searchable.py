"""Catalogues to search in, put into an index without a database: straight from a feed."""

import gzip
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, time
from importlib.resources import files
from pathlib import Path
from uuid import NAMESPACE_OID, UUID, uuid5

import msgspec

from merx.contexts.catalog.domain.feed import FeedProduct
from merx.contexts.catalog.domain.feed_reader import FeedRow, read_feed
from merx.contexts.search.adapters.tantivy.index import FolderSearchIndex
from merx.contexts.search.domain.documents import ListedCategory, ListedProduct, ListedVariant
from merx.kernel.money import Money
from merx.kernel.text import slugify

_BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
_PAGE = 500


def judged_data(path: str | None) -> Path | None:
    """The folder of catalogues with relevance judgements, by argument or MERX_SHARED_DATA; None without one."""
    found = path or os.environ.get("MERX_SHARED_DATA")
    return Path(found) if found and (Path(found) / "catalogue-fashion.jsonl.gz").is_file() else None


def feeds(folder: Path | None) -> list[Path]:
    """The two large catalogues, or the one that comes with the package."""
    if folder is None:
        return [Path(str(files("merx") / "data" / "catalogue.jsonl.gz"))]
    return [folder / f"catalogue-{name}.jsonl.gz" for name in ("fashion", "electronics")]


def products(paths: Sequence[Path]) -> Iterator[FeedProduct]:
    for path in paths:
        with gzip.open(path) as stream:
            yield from (row.product for row in read_feed(stream) if isinstance(row, FeedRow))


def listed(number: int, product: FeedProduct) -> ListedProduct:
    """As the catalogue would hand it out; the id is the row's number, every third variant is sold out."""
    categories, path = [], ""
    for name in product.category:
        path = slugify(f"{path} {name}")
        categories.append(ListedCategory(uuid5(NAMESPACE_OID, path), path, name))
    variants = [
        ListedVariant(
            UUID(int=number << 16 | position),
            variant.sku,
            variant.options,
            Money(variant.sale_amount or variant.price_amount, product.currency),
            (number + position) % 3,
            list(variant.barcodes),
        )
        for position, variant in enumerate(product.variants)
    ]
    added = product.added or product.released
    return ListedProduct(
        product_id=UUID(int=number),
        version=1,
        visible=True,
        slug=f"{slugify(product.name)}-{product.id}",
        name=product.name,
        brand=product.brand or "",
        brand_slug=slugify(product.brand or ""),
        categories=categories,
        description=product.description or "",
        model=product.model or product.mpn or "",
        external_id=product.id,
        attributes=product.attributes,
        variants=variants,
        created_at=datetime.combine(added, time(), UTC) if added else _BEGINNING,
    )


async def fill(index: FolderSearchIndex, paths: Sequence[Path]) -> list[str]:
    """Builds the index; returns the feed's ids, where the id of row number n is at n - 1."""
    ids: list[str] = []

    async def pages() -> AsyncIterator[list[ListedProduct]]:
        page: list[ListedProduct] = []
        for product in products(paths):
            ids.append(product.id)
            page.append(listed(len(ids), product))
            if len(page) == _PAGE:
                yield page
                page = []
        yield page

    async def never(_: Sequence[UUID]) -> AsyncIterator[list[ListedProduct]]:
        yield []

    await index.rebuild(pages(), never)
    return ids


class Item(msgspec.Struct):
    id: UUID
    name: str
