"""Product detail out of the byte cache, through the whole frame, against bytes out of a dictionary.

Merx checks host and headers, honours If-None-Match and the caller's request id, counts, writes its access line and
sends security headers, ETag and Cache-Control.
"""

from tests.bench.kit.measure import Figure, parser
from tests.bench.kit.reads import beside
from tests.bench.kit.shop import shop


def run(arguments: list[str]) -> list[Figure]:
    options = parser(__doc__).parse_args(arguments)
    with shop() as made:
        found = beside(made, made.product_paths(500), {"floor": "tests.bench.kit.floors:cached"}, options)
    return [
        Figure(
            what="product detail, warm",
            value=found.ratio("merx", "floor"),
            unit="of the floor",
            target=0.6,
            detail=found.text("merx", "floor"),
        )
    ]
