"""Product detail with the cache off, against the same statement on asyncpg, one by one and batched.

Random products of the sample catalogue, so PostgreSQL has them in memory: the way through the process is what counts.
"""

from tests.bench.kit.measure import Figure, parser
from tests.bench.kit.reads import beside
from tests.bench.kit.shop import shop

FLOORS = {"floor": "tests.bench.kit.floors:detail", "batched floor": "tests.bench.kit.floors:detail_batched"}


def run(arguments: list[str]) -> list[Figure]:
    options = parser(__doc__).parse_args(arguments)
    with shop() as made:
        found = beside(made, made.product_paths(2000), FLOORS, options, {"MERX_CACHE_BYTES": "0"})
    return [
        Figure(
            what="product detail, cold",
            value=found.ratio("merx", "floor"),
            unit="of the floor",
            target=0.6,
            detail=found.text("merx", "floor"),
        ),
        Figure(
            what="product detail, cold, batched",
            value=found.ratio("merx", "batched floor"),
            unit="of the batched floor",
            detail=found.text("batched floor"),
        ),
    ]
