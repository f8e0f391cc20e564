"""Do searches find what people meant? NDCG@10 on judged queries; needs the folder with the judgements.

`--data FOLDER` or MERX_SHARED_DATA. All products of both catalogues are indexed. Gain 2^grade - 1, discount
log2(rank + 1), the ideal over all graded products of a query, what is not listed counts 0, the mean is over queries
with something relevant. (a) queries whose relevant products are completely listed, (b) people's own ratings alone,
which gives nothing for a good result that nobody rated, (c) queries made from product data, also by kind.
"""

import argparse
import asyncio
import gzip
import math
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from merx.contexts.search.adapters.tantivy.index import FolderSearchIndex
from merx.contexts.search.usecases.find_products import FindProducts, FindProductsHandler
from tests.bench.kit.measure import Figure
from tests.bench.kit.searchable import Item, feeds, fill, judged_data

# What plain BM25 with a stemmer reaches on the same files, at best; identifiers and typing errors are worth more.
TARGETS = {"a": 0.707, "c": 0.673, "c identifier": 0.85, "c typo": 0.75}
MEANINGS = {"a": "completely judged", "b": "people's ratings alone", "c": "made from product data"}

Grades = Mapping[str, int]


def run(arguments: list[str]) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder with catalogues and judgements")
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="print the N worst queries")
    options = parser.parse_args(arguments)
    folder = judged_data(options.data)
    if folder is None:
        print("no judged queries here: pass --data FOLDER or set MERX_SHARED_DATA")
        return []
    scores = asyncio.run(measure(folder))
    for score, group, text in sorted((s, g, t) for g, of in scores.items() for t, s in of)[: options.worst]:
        print(f"  {score:.2f}  {group:<14}{text}")
    return [
        Figure(
            what=f"NDCG@10 ({group}) {MEANINGS.get(group, '')}".rstrip(),
            value=sum(score for _, score in of) / len(of),
            unit="",
            target=TARGETS.get(group),
            detail=f"{len(of)} queries",
        )
        for group, of in sorted(scores.items())
    ]


async def measure(folder: Path) -> dict[str, list[tuple[str, float]]]:
    scores: dict[str, list[tuple[str, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="mxb-") as home:
        index = FolderSearchIndex(Path(home))
        ids = await fill(index, feeds(folder))
        find_products = FindProductsHandler(index)
        for group, text, grades in judged(folder):
            page = await find_products(FindProducts(text=text, limit=10, facets=()))
            found = [ids[msgspec.json.decode(item, type=Item).id.int - 1] for item in page.items]
            scores[group].append((text, ndcg(found, grades)))
        await index.close()
    return scores


def judged(folder: Path) -> Iterator[tuple[str, str, Grades]]:
    """(group, query, grades), a query once for every group it is in."""
    for row in rows(folder / "search-human-dev.jsonl.gz"):
        own: dict[str, int] = row["judgements"]
        if relevant(own):
            yield "b", row["query"], own
        if row.get("completed"):
            whole = own | dict.fromkeys(row.get("extra_relevant", []), 3)
            if relevant(whole):
                yield "a", row["query"], whole
    for row in rows(folder / "search-derived-dev.jsonl.gz"):
        grades = dict.fromkeys(row["partial"], 1) | dict.fromkeys(row["full"], 3)
        yield "c", row["query"], grades
        yield f"c {row['kind']}", row["query"], grades


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path) as lines:
        yield from map(msgspec.json.decode, lines)


def relevant(grades: Grades) -> bool:
    return any(grade >= 2 for grade in grades.values())


def ndcg(found: Sequence[str], grades: Grades) -> float:
    def gain(grade_list: Sequence[int]) -> float:
        return sum((2**grade - 1) / math.log2(rank + 2) for rank, grade in enumerate(grade_list[:10]))

    return gain([grades.get(key, 0) for key in found]) / gain(sorted(grades.values(), reverse=True))
