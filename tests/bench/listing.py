"""The first 20 products of a category with the cache off, against the same statement on asyncpg."""

from urllib.parse import quote

from tests.bench.kit.measure import Figure, parser
from tests.bench.kit.reads import beside
from tests.bench.kit.shop import API, shop


def run(arguments: list[str]) -> list[Figure]:
    options = parser(__doc__).parse_args(arguments)
    with shop() as made:
        rows = made.sql("select slug from catalog.category where product_count >= 20 order by slug")
        paths = [f"{API}/categories/{quote(row[0])}/products?limit=20" for row in rows]
        floors = {"floor": "tests.bench.kit.floors:listing"}
        found = beside(made, paths, floors, options, {"MERX_CACHE_BYTES": "0"})
    return [
        Figure(
            what="listing of 20 in a category, cache off",
            value=found.ratio("merx", "floor"),
            unit="of the floor",
            target=0.6,
            detail=found.text("merx", "floor"),
        )
    ]
