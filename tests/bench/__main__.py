"""Measurements, each one command: `python -m tests.bench NAME [options]`, `all` of them, or nothing for the list.

Each starts what it needs (PostgreSQL with durable commits, the API, a floor, the load) on loopback, takes less than 150
seconds and stops everything. Exit code 1 when a target is missed. `--help` after a name tells more.
"""

import importlib
import pkgutil
import signal
import sys
import time
from pathlib import Path
from types import FrameType

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "src")]

from tests.bench.kit.measure import Figure  # noqa: E402

LONGEST_SECONDS = 240
NAMES = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name[0] != "_")
NAMES = [name for name in NAMES if name != "kit"]


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in (*NAMES, "all"):
        print(__doc__)
        for name in NAMES:
            print(f"  {name:<18}{first_line(name)}")
        return 2 if arguments and arguments[0] not in ("-h", "--help") else 0
    name, *rest = arguments
    names = NAMES if name == "all" else [name]
    figures: list[Figure] = []
    failed = False
    for chosen in names:
        print(f"== {chosen}: {first_line(chosen)}", flush=True)
        began = time.perf_counter()
        try:
            figures += measure(chosen, rest)
        except RuntimeError as error:
            if name != "all":
                raise
            failed = True
            print(f"failed: {error}")
        print(f"-- {time.perf_counter() - began:.0f} s\n", flush=True)
    show(figures)
    return 1 if failed or any(figure.missed for figure in figures) else 0


def first_line(name: str) -> str:
    text = (Path(__file__).parent / f"{name}.py").read_text()
    return text.split('"""', 2)[1].strip().splitlines()[0]


def measure(name: str, arguments: list[str]) -> list[Figure]:
    signal.alarm(LONGEST_SECONDS)
    try:
        found: list[Figure] = importlib.import_module(f"tests.bench.{name}").run(arguments)
        return found
    finally:
        signal.alarm(0)


def show(figures: list[Figure]) -> None:
    print("| what | measured | target | |\n|---|---|---|---|")
    for figure in figures:
        what, value, target, detail = figure.cells()
        print(f"| {what} | {value}{' (missed)' if figure.missed else ''} | {target} | {detail} |")


def _end(number: int, _: FrameType | None) -> None:
    # As an exception it passes through every `with` and `finally`: no server stays behind.
    raise SystemExit(f"ended by {signal.Signals(number).name}")


if __name__ == "__main__":
    for wanted in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(wanted, _end)
    raise SystemExit(main(sys.argv[1:]))
