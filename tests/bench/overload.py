"""Three times what the API can do, asked for at fixed times by k6: what is served, how fast the rest is refused.

Readers search with facets, 60 hits a page, with the byte cache off; buyers order ready carts all the while. First the
peak is found (so many readers at once, each again as soon as it has its answer); then three times that rate is asked
for whatever comes back. Afterwards a page is asked for at a low rate until it is as fast as before.

The API runs on one core with all its threads, everything else on the others. How long a refusal takes is measured by a
client of its own, 50 times a second: on two cores k6 is so busy itself that its own times say more about k6 (they are
shown too). k6 is found in $PATH or by MERX_BENCH_K6: `go install go.k6.io/k6@latest`.
"""

import os
import shutil
import statistics
import subprocess
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tests.bench.kit import servers
from tests.bench.kit.cores import children_on, first_and_others
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
    options = parser(__doc__, seconds=12.0, rounds=3).parse_args(arguments)
    first, others = first_and_others()
    with children_on(others), shop() as made:
        environment = made.environment | {"MERX_CACHE_BYTES": "0"}
        with children_on(first):
            server = servers.api(made.home, environment)
        with servers.serving(server) as merx:
            merx.ready(f"{API}/health/ready")
            rounds = [one_round(made, merx, options.seconds) for _ in range(options.rounds)]
    return figures(rounds)


class Round(NamedTuple):
    peak: "Outcome"
    over: "Outcome"
    refused: Run
    calm: float
    back: float


def one_round(made: Shop, merx: servers.Server, seconds: float) -> Round:
    paths = pages()
    k6 = Generator(made, merx, paths)
    k6.run(3.0, users=USERS_AT_PEAK)
    peak = k6.run(max(5.0, seconds / 2), users=USERS_AT_PEAK)
    print(f"peak      {peak.text()}", flush=True)
    calm = paced(merx.port, [request("GET", path) for path in paths], CALM, 5.0).expect(200).quantile(0.5)
    with ProcessPoolExecutor(1) as others:
        probing = others.submit(refusals, merx.port, paths, seconds)
        over = k6.run(seconds, users=USERS_ABOVE, rate=TIMES * peak.goodput)
        ended = time.perf_counter()
        refused = probing.result()
    print(f"{TIMES} x peak  {over.text()}", flush=True)
    return Round(peak, over, refused, calm, seconds_until_calm(merx, paths, calm, ended))


def figures(rounds: Sequence[Round]) -> list[Figure]:
    """The middle of the rounds for what is served, the worst of them for the rest."""
    served = [each.over.goodput / each.peak.goodput for each in rounds]
    asked = [each.over.asked / each.peak.goodput for each in rounds]
    slow = max(rounds, key=lambda each: each.refused.quantile(0.99))
    slow_ms = slow.over.refused_ms
    dropped = sum(each.over.dropped for each in rounds)
    placed = sum(each.over.ordered for each in rounds)
    buyers = placed + sum(each.over.not_ordered for each in rounds)
    return [
        Figure(
            what="asked for under overload",
            value=min(asked),
            unit="of the peak",
            target=0.95 * TIMES,
            detail=f"{span(each.over.asked for each in rounds)}; for {dropped:,} more that were due k6 had nobody left",
        ),
        Figure(
            what=f"goodput at {TIMES} x capacity",
            value=statistics.median(served),
            unit="of the peak",
            target=0.8,
            detail=f"{min(served):.2f} to {max(served):.2f} in {len(rounds)} rounds; "
            f"{span(each.over.goodput for each in rounds)}, peak {span(each.peak.goodput for each in rounds)}",
        ),
        Figure(
            what="a refusal under overload, p99",
            value=slow.refused.quantile(0.99) * 1000,
            unit="ms",
            target=50.0,
            good="at most",
            detail=f"median {slow.refused.quantile(0.5) * 1000:.1f} ms, p95 {slow.refused.quantile(0.95) * 1000:.1f} "
            f"ms of {len(slow.refused.times)}; as k6 saw {slow.over.refused:,} of them: median "
            f"{slow_ms.get('med', 0.0):.1f}, p95 {slow_ms.get('p(95)', 0.0):.0f}, p99 "
            f"{slow_ms.get('p(99)', 0.0):.0f} ms",
        ),
        Figure(
            what="checkouts under overload",
            value=100 * placed / max(1, buyers),
            unit="% placed",
            target=99.0,
            detail=f"{placed} of {buyers}, p95 {max(each.over.order_ms.get('p(95)', 0.0) for each in rounds):.0f} ms",
        ),
        Figure(
            what="back to the latency before",
            value=max(each.back for each in rounds),
            unit="s after the overload",
            target=BACK_WITHIN,
            good="at most",
            detail=f"median of a page {rounds[0].calm * 1000:.1f} ms before; "
            f"{sum(each.over.failed for each in rounds)} answers were neither",
        ),
    ]


def span(rates: Iterable[float]) -> str:
    found = list(rates)
    low, high = min(found), max(found)
    return f"{low:,.0f}/s" if low == high else f"{low:,.0f} to {high:,.0f}/s"


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
            # Go's collector would take a third of what k6 takes, and k6 shares the core with PostgreSQL.
            "GOGC": os.environ.get("GOGC", "800"),
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
