"""Three times what the API can do, asked for at fixed times by k6: what is served, how fast the rest is refused.

Readers search with facets, 60 hits a page, with the byte cache off; buyers order ready carts all the while. First the
peak is found (so many readers at once, each again as soon as it has its answer); then three times that rate is asked
for whatever comes back. Afterwards a page is asked for at a low rate until it is as fast as before.

The API runs on one core, everything else on the others. How long a refusal takes is measured by a client of its own, 50
times a second: on two cores k6 is so busy itself that its own times say more about k6 (they are shown too). k6 is found
in $PATH or by MERX_BENCH_K6: `go install go.k6.io/k6@latest`.
"""

import os
import shutil
import statistics
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psutil

from tests.bench.kit import servers
from tests.bench.kit.load import Run, request
from tests.bench.kit.measure import Figure, parser
from tests.bench.kit.paced import paced
from tests.bench.kit.shop import API, ReadyCart, Shop, shop

TIMES = 3
ORDERS = 20
USERS_AT_PEAK = 32
USERS_ABOVE = 500
CALM = 20.0
BACK_WITHIN = 10.0
WORDS = ("laptop", "phone", "shirt", "cable", "monitor", "printer", "headphones", "jacket", "tablet", "camera")


def run(arguments: list[str]) -> list[Figure]:
    options = parser(__doc__, seconds=15.0, rounds=1).parse_args(arguments)
    with shop() as made:
        environment = made.environment | {"MERX_CACHE_BYTES": "0"}
        with servers.serving(servers.api(made.home, environment)) as merx:
            merx.ready(f"{API}/health/ready")
            apart(merx)
            figures: list[Figure] = []
            for _ in range(options.rounds):
                figures = overloaded(made, merx, options.seconds)
            return figures


def apart(merx: servers.Server) -> None:
    """The API on the first core alone."""
    cores = os.sched_getaffinity(0)
    if len(cores) > 1:
        first, *rest = sorted(cores)
        psutil.Process(merx.process.pid).cpu_affinity([first])
        os.sched_setaffinity(0, rest)


def overloaded(made: Shop, merx: servers.Server, seconds: float) -> list[Figure]:
    paths = pages()
    k6 = Generator(made, merx, paths)
    k6.run(3.0, users=USERS_AT_PEAK)
    peak = k6.run(max(5.0, seconds / 2), users=USERS_AT_PEAK)
    print(f"peak      {peak.text()}", flush=True)
    calm = paced(merx.port, [request("GET", path) for path in paths], CALM, 5.0).expect(200)
    with ProcessPoolExecutor(1) as others:
        probing = others.submit(refusals, merx.port, paths, seconds)
        over = k6.run(seconds, users=USERS_ABOVE, rate=TIMES * peak.goodput)
        ended = time.perf_counter()
        refused = probing.result()
    print(f"{TIMES} x peak  {over.text()}", flush=True)
    back = seconds_until_calm(merx, paths, calm.quantile(0.5), ended)
    return [
        Figure(
            what="asked for under overload",
            value=over.asked / peak.goodput,
            unit="of the peak",
            target=0.95 * TIMES,
            detail=f"{over.asked:,.0f}/s; {over.dropped:,} more were due and k6 had nobody left to ask for them",
        ),
        Figure(
            what=f"goodput at {TIMES} x capacity",
            value=over.goodput / peak.goodput,
            unit="of the peak",
            target=0.8,
            detail=f"{over.goodput:,.0f}/s of {over.asked:,.0f}/s asked for, peak {peak.goodput:,.0f}/s",
        ),
        Figure(
            what="a refusal under overload, p99",
            value=refused.quantile(0.99) * 1000,
            unit="ms",
            target=50.0,
            good="at most",
            detail=f"median {refused.quantile(0.5) * 1000:.1f} ms, p95 {refused.quantile(0.95) * 1000:.1f} ms of "
            f"{len(refused.times)}; as k6 saw {over.refused:,} of them: median {over.refused_ms.get('med', 0.0):.1f}, "
            f"p95 {over.refused_ms.get('p(95)', 0.0):.0f}, p99 {over.refused_ms.get('p(99)', 0.0):.0f} ms",
        ),
        Figure(
            what="checkouts under overload",
            value=100 * over.ordered / max(1, over.ordered + over.not_ordered),
            unit="% placed",
            target=99.0,
            detail=f"{over.ordered} of {over.ordered + over.not_ordered}, p95 {over.order_ms.get('p(95)', 0.0):.0f} ms",
        ),
        Figure(
            what="back to the latency before",
            value=back,
            unit="s after the overload",
            target=BACK_WITHIN,
            good="at most",
            detail=f"median of a page {calm.quantile(0.5) * 1000:.1f} ms before; {over.failed} answers were neither",
        ),
    ]


def refusals(port: int, paths: list[str], seconds: float) -> Run:
    """While k6 is at it, which needs a second to begin."""
    time.sleep(2)
    return paced(port, [request("GET", path) for path in paths], 50.0, seconds - 2, only=503)


def pages() -> list[str]:
    return [f"{API}/search/products?q={word}&limit=60&facets=brand,category,price,in_stock" for word in WORDS]


class Outcome(NamedTuple):
    seconds: float
    served: int
    refused: int
    failed: int
    dropped: int
    ordered: int
    not_ordered: int
    served_ms: dict[str, float]
    refused_ms: dict[str, float]
    order_ms: dict[str, float]

    @property
    def asked(self) -> float:
        """A second, by readers and buyers."""
        return (self.served + self.refused + self.failed + self.ordered + self.not_ordered) / self.seconds

    @property
    def goodput(self) -> float:
        return (self.served + self.ordered) / self.seconds

    def text(self) -> str:
        return (
            f"{self.goodput:8,.0f}/s served (p95 {self.served_ms.get('p(95)', 0):.0f} ms), {self.refused:,} refused "
            f"(p95 {self.refused_ms.get('p(95)', 0):.1f} ms), {self.failed} failed, {self.ordered} ordered, "
            f"{self.not_ordered} not"
        )


class Generator:
    """Runs k6 and reads what it found."""

    def __init__(self, made: Shop, merx: servers.Server, paths: list[str]) -> None:
        found = os.environ.get("MERX_BENCH_K6") or shutil.which("k6")
        if not found:
            raise RuntimeError("k6 is missing: go install go.k6.io/k6@latest, or MERX_BENCH_K6=/path/to/k6")
        self._k6, self._made, self._merx, self._paths = found, made, merx, paths

    def run(self, seconds: float, *, users: int, rate: float = 0.0) -> Outcome:
        home = self._made.home
        carts = self._carts(int(ORDERS * seconds) + ORDERS)
        work, summary = home / "work.json", home / "summary.json"
        work.write_bytes(msgspec.json.encode({"paths": self._paths, "orders": [order(cart) for cart in carts]}))
        environment = {
            "BASE": f"http://127.0.0.1:{self._merx.port}",
            "SECONDS": f"{seconds:.0f}",
            "USERS": str(users),
            "ORDERS": str(ORDERS),
            "WORK": str(work),
            "SUMMARY": str(summary),
            "RATE": f"{rate:.0f}" if rate else "",
            "K6_NO_USAGE_REPORT": "true",
        }
        script = Path(__file__).parent / "kit" / "overload.js"
        subprocess.run(
            [self._k6, "run", "--quiet", "--no-color", "--log-output=none", str(script)],
            env=os.environ | environment,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=seconds + 60,
        )
        return read(msgspec.json.decode(summary.read_bytes()), seconds)

    def _carts(self, number: int) -> list[ReadyCart]:
        variants: list[UUID] = self._made.variants(40)
        lines = [[one, two] for one, two in zip(variants[::2], variants[1::2], strict=True)]
        return self._made.ready_carts(self._merx, lines, number)


def order(cart: ReadyCart) -> dict[str, Any]:
    return {
        "body": {"cart_id": str(cart.id), "payment_method": "cod", "expected_total": cart.total},
        "headers": {"x-cart-token": cart.token, "idempotency-key": f"bench-{cart.id}", "host": "localhost"},
    }


def read(metrics: dict[str, Any], seconds: float) -> Outcome:
    def number(name: str) -> int:
        return int(metrics[name]["values"]["count"]) if name in metrics else 0

    def trend(name: str) -> dict[str, float]:
        return dict(metrics[name]["values"]) if name in metrics else {}

    return Outcome(
        seconds,
        number("served"),
        number("refused"),
        number("failed"),
        number("dropped_iterations"),
        number("ordered"),
        number("not_ordered"),
        trend("served_ms"),
        trend("refused_ms"),
        trend("order_ms"),
    )


def seconds_until_calm(merx: servers.Server, paths: list[str], before: float, ended: float) -> float:
    """Until the median of half a second is no more than twice the one before."""
    asked = [request("GET", path) for path in paths]
    while time.perf_counter() - ended < 60:
        times = paced(merx.port, asked, CALM, 0.5).times
        if statistics.median(times) <= 2 * before:
            break
    return time.perf_counter() - ended
