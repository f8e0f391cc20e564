"""GETs of Merx beside floors that answer the same."""

import argparse
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

import msgspec

from tests.bench.kit import servers
from tests.bench.kit.load import Run, drive, readers, request
from tests.bench.kit.measure import Comparison, Side, compare
from tests.bench.kit.shop import API, Shop


def beside(
    made: Shop,
    paths: Sequence[str],
    floors: Mapping[str, str],
    options: argparse.Namespace,
    environment: Mapping[str, str] | None = None,
) -> Comparison:
    """`floors` are factories by name. Raises RuntimeError when a floor does not answer what Merx answers."""
    requests = [request("GET", path) for path in paths]
    with ExitStack() as stack:
        running = [
            stack.enter_context(servers.serving(servers.asgi(factory, made.home, made.environment, name)))
            for name, factory in floors.items()
        ]
        merx = servers.api(made.home, {**made.environment, **(environment or {})})
        running.append(stack.enter_context(servers.serving(merx)))
        merx.ready(f"{API}/health/ready")
        for server in running[:-1]:
            server.ready(paths[0])
            for path in paths[:50]:
                ours, theirs = merx.ask(path), server.ask(path)
                if ours.status != 200 or msgspec.json.decode(ours.body) != msgspec.json.decode(theirs.body):
                    raise RuntimeError(f"{server.name} answers something else than Merx: {path}")

        def side(server: servers.Server) -> Side:
            def load(seconds: float) -> Run:
                return drive(server.port, readers(requests, options.connections), seconds).expect(200)

            return Side(server.name, server, load)

        return compare([side(server) for server in running], options)
