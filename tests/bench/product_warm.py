"""Product detail out of the byte cache, through the whole frame, against bare bytes from a dictionary.

Both answer the same bodies for the same products. Merx checks host, URL, headers and token, counts, writes its access
line and adds request id, ETag, cache and security headers.
"""

from tests.bench.kit import servers
from tests.bench.kit.load import drive, readers, request
from tests.bench.kit.measure import Figure, Side, compare, parser
from tests.bench.kit.shop import API, shop


def run(arguments: list[str]) -> list[Figure]:
    options = parser(__doc__).parse_args(arguments)
    with shop() as made:
        slugs = [row[0] for row in made.sql("select slug from catalog.listing order by product_id limit 500")]
        paths = [f"{API}/products/{slug}" for slug in slugs]
        requests = [request("GET", path) for path in paths]
        with (
            servers.serving(servers.api(made.home, made.environment)) as merx,
            servers.serving(servers.asgi("tests.bench.kit.floors:cached", made.home, made.environment)) as floor,
        ):
            merx.ready(f"{API}/health/ready")
            floor.ready(paths[0])
            for path in paths:
                # Fills both, and makes sure that they answer the same.
                if merx.ask(path).body != floor.ask(path).body:
                    raise RuntimeError(f"not the same answer: {path}")
            sides = [
                Side(
                    server.name,
                    server,
                    lambda seconds, port=server.port: drive(
                        port, readers(requests, options.connections), seconds
                    ).expect(200),
                )
                for server in (floor, merx)
            ]
            found = compare(sides, options)
    return [
        Figure(
            what="product detail, warm",
            value=found.ratio("merx", "floor"),
            unit="of the floor",
            target=0.6,
            detail=f"Merx {found.results['merx'].text()}; floor {found.results['floor'].text()}",
        )
    ]
