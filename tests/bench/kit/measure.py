"""Rounds in turns, medians, ratios, and how a figure is shown."""

import argparse
import statistics
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import msgspec

from tests.bench.kit.load import Run
from tests.bench.kit.servers import Server


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured promise. `target` None is a figure that is only reported."""

    what: str
    value: float
    unit: str
    target: float | None = None
    good: Literal["at least", "at most"] = "at least"
    detail: str = ""

    @property
    def missed(self) -> bool:
        if self.target is None:
            return False
        return self.value < self.target if self.good == "at least" else self.value > self.target

    def cells(self) -> tuple[str, str, str, str]:
        sign = {"at least": "≥", "at most": "≤"}[self.good]
        target = "reported" if self.target is None else f"{sign} {number(self.target)} {self.unit}"
        return self.what, f"{number(self.value)} {self.unit}", target, self.detail


def number(value: float) -> str:
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}"


class Side(NamedTuple):
    """One of the things compared. `load` runs one round of so many seconds."""

    name: str
    server: Server | None
    load: Callable[[float], Run]


class Result(NamedTuple):
    """Medians over the rounds; `cpu` is µs of the server process per request."""

    rate: float
    p50: float
    p95: float
    p99: float
    cpu: float

    def text(self) -> str:
        return f"{self.rate:,.0f}/s, p50 {self.p50:.1f} ms, p99 {self.p99:.1f} ms, {self.cpu:,.0f} µs CPU"


class Comparison(NamedTuple):
    results: dict[str, Result]
    rounds: dict[str, list[Result]]

    def text(self, *names: str) -> str:
        return "; ".join(f"{name} {self.results[name].text()}" for name in names)

    def ratio(self, ours: str, floor: str, of: Literal["rate", "p95", "cpu"] = "rate") -> float:
        """The median of the ratios of a round: what else the machine does in a round meets both."""
        pairs = zip(self.rounds[ours], self.rounds[floor], strict=True)
        return statistics.median(getattr(own, of) / getattr(bare, of) for own, bare in pairs)


def compare(sides: Sequence[Side], options: argparse.Namespace) -> Comparison:
    """Each side in turn, `--rounds` times, after one short round each that is not counted."""
    for side in sides:
        side.load(min(1.0, options.seconds))
    rounds: dict[str, list[Result]] = {side.name: [] for side in sides}
    width = max(len(side.name) for side in sides) + 2
    print(f"{'':<{width}}{'req/s':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'CPU µs':>9}")
    for turn in range(options.rounds):
        # The order changes from round to round: nobody always runs on the warmer machine.
        for side in sides if turn % 2 == 0 else sides[::-1]:
            before = side.server.cpu() if side.server else 0.0
            run = side.load(options.seconds)
            used = (side.server.cpu() - before if side.server else 0.0) / len(run.times) * 1e6
            quantiles = (run.quantile(part) * 1000 for part in (0.5, 0.95, 0.99))
            result = Result(run.rate, *quantiles, used)
            rounds[side.name].append(result)
            print(f"{side.name:<{width}}{row(result)}", flush=True)
    results = {name: Result(*map(statistics.median, zip(*of, strict=True))) for name, of in rounds.items()}
    for name, result in results.items():
        print(f"{name:<{width}}{row(result)}  median")
    return Comparison(results, rounds)


def row(result: Result) -> str:
    return f"{result.rate:>9,.0f}{result.p50:>9.2f}{result.p95:>9.2f}{result.p99:>9.2f}{result.cpu:>9,.0f}"


def parser(
    module_doc: str | None, *, seconds: float = 3.0, rounds: int = 5, connections: int = 32
) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=module_doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--seconds", type=float, default=seconds, help=f"of one round ({seconds:g})")
    made.add_argument("--rounds", type=int, default=rounds, help=f"for each side ({rounds})")
    made.add_argument("--connections", type=int, default=connections, help=f"at the same time ({connections})")
    return made
