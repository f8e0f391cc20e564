"""Writing documents. One process at a time: the place's lock first, then the engine's own."""

import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from uuid import UUID

import tantivy

from merx.contexts.search.adapters.tantivy.generations import Generation, Place
from merx.contexts.search.adapters.tantivy.schema import DocumentState, to_document, to_tombstone
from merx.contexts.search.adapters.tantivy.snapshot import Snapshot, WordLists
from merx.contexts.search.domain.documents import ListedProduct
from merx.contexts.search.domain.stock import StockNews, with_stock
from merx.contexts.search.ports.index import NO_NEWS, NoIndex

# One thread each: the engine's smallest memory for small batches, room for few large segments in a rebuild.
_SMALL = 15_000_000
_LARGE = 50_000_000
# The engine lets 10,000 documents wait to be indexed, each with all its text; a commit waits until none does.
_COMMIT_EVERY = 2000

Known = Mapping[UUID, tuple[DocumentState, int]]
_NOTHING: Known = {}


class GenerationWriter:
    """Writes into one generation. Nothing is seen before `commit`."""

    def __init__(self, generation: Generation, *, bulk: bool = False) -> None:
        self.generation = generation
        # A small batch becomes visible in one piece; nobody looks at a generation that is being made.
        self._commit_every = _COMMIT_EVERY if bulk else sys.maxsize
        self._waiting = 0
        self._writer: tantivy.IndexWriter = generation.index.writer(_LARGE if bulk else _SMALL, 1)

    def put(
        self, products: Sequence[ListedProduct], news: Mapping[UUID, StockNews] = NO_NEWS, known: Known = _NOTHING
    ) -> list[UUID]:
        """Ids of the products written. `known` is what readers see of them now: older and equal ones are left out."""
        newest: dict[UUID, ListedProduct] = {}
        for product in products:
            held = newest.get(product.product_id)
            if held is None or held.version <= product.version:
                newest[product.product_id] = product
        written = []
        for product_id, product in newest.items():
            before, digest = known.get(product_id, (None, -1))
            if before is not None and product.version < before.version:
                continue
            current, stock = with_stock(product, before.variants if before else {}, news)
            state = DocumentState(current.version, current.visible and bool(current.variants), stock)
            document, new_digest = to_document(current, state, self.generation.schema)
            if new_digest != digest:
                self._replace(product_id, document)
                written.append(product_id)
        return written

    def bury(self, gone: Iterable[UUID], known: Known) -> list[UUID]:
        """Tombstones for products that no longer exist."""
        written = []
        for product_id in gone:
            state, _ = known.get(product_id, (None, 0))
            if state is not None and state.visible:
                tomb, _ = to_tombstone(product_id, DocumentState(state.version, False, {}), self.generation.schema)
                self._replace(product_id, tomb)
                written.append(product_id)
        return written

    def _replace(self, product_id: UUID, document: tantivy.Document) -> None:
        self._writer.delete_documents_by_term("id", product_id.hex)
        self._writer.add_document(document)
        self._waiting += 1
        if self._waiting >= self._commit_every:
            self._writer.commit()
            self._waiting = 0

    def finish(self) -> None:
        """Commit, merge and let the engine's lock go; the writer cannot be used afterwards."""
        self._writer.commit()
        self._writer.wait_merging_threads()

    def abandon(self) -> None:
        """Forget what was not committed and let the lock go, even while somebody still holds this object."""
        with suppress(ValueError, RuntimeError):
            self._writer.rollback()
            self._writer.wait_merging_threads()


class Writer:
    """Applies small batches to whatever generation is in use.

    Each batch opens the engine's writer anew, which costs a millisecond, so that no process keeps others from writing.
    """

    def __init__(self, place: Place) -> None:
        self._place = place

    def apply(self, products: Sequence[ListedProduct], news: Mapping[UUID, StockNews], gone: Collection[UUID]) -> int:
        """Number of products written. Raises NoIndex, Unavailable."""
        lock = self._place.lock()
        try:
            generation = self._place.current()
            if generation is None:
                raise NoIndex
            generation.index.reload()
            ids = {*(product.product_id for product in products), *gone}
            known = Snapshot(generation, WordLists()).states(ids)
            written = self._write(GenerationWriter(generation), products, news, gone, known)
            if written:
                self._place.note(written)
            return len(written)
        finally:
            lock.release()

    @staticmethod
    def _write(
        writer: GenerationWriter,
        products: Sequence[ListedProduct],
        news: Mapping[UUID, StockNews],
        gone: Collection[UUID],
        known: Known,
    ) -> list[UUID]:
        try:
            written = writer.put(products, news, known) + writer.bury(gone, known)
            if written:
                writer.finish()
            else:
                writer.abandon()
        except BaseException:
            writer.abandon()
            raise
        return written
