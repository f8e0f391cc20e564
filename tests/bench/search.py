"""Search with five facets at eight clients: HTTP against the bare engine on the same index and queries.

The engine is called by eight threads in this process, with queries that are understood already. With `--data FOLDER`
(or MERX_SHARED_DATA) the index has the two large catalogues, else the one that comes with the package. `--url` asks
a shop that runs elsewhere, which should have the same products; `--engine` measures the engine alone.
"""

import argparse
import asyncio
import random
import threading
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from time import perf_counter
from urllib.parse import quote, urlsplit

from merx.bootstrap.migrate import upgrade
from merx.contexts.search.adapters.tantivy.generations import FolderPlace
from merx.contexts.search.adapters.tantivy.index import FolderSearchIndex
from merx.contexts.search.adapters.tantivy.snapshot import Snapshot, WordLists
from merx.contexts.search.domain.query import understand
from merx.contexts.search.domain.synonyms import DEFAULT_SYNONYMS
from merx.contexts.search.ports.index import Wanted
from tests.bench.kit import servers
from tests.bench.kit.load import Run, drive, readers, request
from tests.bench.kit.measure import Figure, Side, compare, parser
from tests.bench.kit.searchable import feeds, fill, judged_data, products
from tests.bench.kit.shop import API, Shop
from tests.bench.relevance import judged

FACETS = ("category", "brand", "price", "attr.colour", "attr.size")


def run(arguments: list[str]) -> list[Figure]:
    made = parser(__doc__, seconds=4.0, rounds=3, connections=8)
    made.add_argument("--data", help="folder with the large catalogues")
    made.add_argument("--url", help="base address of a running shop, such as http://127.0.0.1:8000")
    made.add_argument("--engine", action="store_true", help="only the engine")
    options = made.parse_args(arguments)
    folder = judged_data(options.data)
    with servers.folder() as home:
        index = home / "index"
        began = perf_counter()
        count = len(asyncio.run(build(index, feeds(folder))))
        building = perf_counter() - began
        print(f"{count:,} products indexed in {building:.1f} s, feed included; {size(index) / 1e6:.0f} MB")
        texts = queries(folder)
        engine = Side("engine", None, Engine(index, texts, options.connections))
        figures = [
            Figure(
                what=f"index of {count:,} products, from a feed", value=building, unit="s", target=60, good="at most"
            )
        ]
        if options.engine:
            alone = compare([engine], options).results["engine"]
            return [*figures, Figure(what="search, engine alone, p95", value=alone.p95, unit="ms", detail=alone.text())]
        with shop_of(options, home, index) as (server, port):
            paths = [f"{API}/search/products?q={quote(text)}&facets={','.join(FACETS)}" for text in texts]
            requests = [request("GET", path) for path in paths]
            http = Side(
                "http", server, lambda seconds: drive(port, readers(requests, options.connections), seconds).expect(200)
            )
            found = compare([engine, http], options)
    detail = f"HTTP {found.results['http'].text()}; engine {found.results['engine'].text()}"
    ratio = found.ratio("http", "engine", "p95")
    what = f"search over {count:,} products with {len(FACETS)} facets, {options.connections} clients: p95"
    return [*figures, Figure(what=what, value=ratio, unit="× the engine's", target=4, good="at most", detail=detail)]


async def build(folder: Path, paths: Sequence[Path]) -> list[str]:
    index = FolderSearchIndex(folder)
    try:
        return await fill(index, paths)
    finally:
        await index.close()


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def queries(folder: Path | None) -> list[str]:
    """What people typed, or words out of product names; the same ones in the same order every time."""
    if folder is not None:
        found = list(dict.fromkeys(text for _, text, _ in judged(folder)))
    else:
        found = [" ".join(product.name.split()[-2:]) for product in products(feeds(None))][::5]
    random.Random(1).shuffle(found)
    return found


class Engine:
    """`threads` callers of the bare engine, each with the next query as soon as it has its answer."""

    def __init__(self, folder: Path, texts: Sequence[str], threads: int) -> None:
        generation = FolderPlace(folder).current()
        if generation is None:
            raise RuntimeError("the index was not built")
        generation.index.reload()
        self._snapshot = Snapshot(generation, WordLists())
        self._threads = threads
        lexicon = self._snapshot.lexicon()
        self._wanted = [Wanted(query=understand(text, lexicon, DEFAULT_SYNONYMS), facets=FACETS) for text in texts]

    def __call__(self, seconds: float) -> Run:
        times = [array("d") for _ in range(self._threads)]
        upcoming = cycle(self._wanted)
        started = perf_counter()

        def call(own: array) -> None:
            while perf_counter() - started < seconds:
                wanted = next(upcoming)
                began = perf_counter()
                self._snapshot.search(wanted)
                own.append(perf_counter() - began)

        callers = [threading.Thread(target=call, args=(own,)) for own in times]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        every = array("d", [taken for own in times for taken in own])
        return Run(every, Counter({200: len(every)}), perf_counter() - started)


@contextmanager
def shop_of(options: argparse.Namespace, home: Path, index: Path) -> Iterator[tuple[servers.Server | None, int]]:
    if options.url:
        yield None, urlsplit(options.url).port or 80
        return
    with servers.postgres(home) as database:
        upgrade(database.url)
        environment = Shop(home, database.url).environment | {"MERX_SEARCH_DIR": str(index)}
        with servers.serving(servers.api(home, environment)) as server:
            server.ready(f"{API}/search/products?q=a")
            yield server, server.port
