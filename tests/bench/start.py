"""How long until the first answer, and how much memory: the demo from nothing, the demo again, the API alone.

"From nothing" is `merx demo` in an empty folder after the installation, until the shop lists products; "again" is the
second start on the same folder. The API alone is `merx serve` beside a database that runs. Memory is resident memory
some seconds after the first order. The import time is what a new process needs to import the API and nothing more.
"""

import argparse
import compileall
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from merx.bootstrap.listen import free_port
from tests.bench.kit import servers
from tests.bench.kit.load import Answer, User, drive, request
from tests.bench.kit.measure import Figure
from tests.bench.kit.shop import API, fill_cart, json_of, place_order, shop

PROGRAMS = {"API": "serve", "worker": "worker", "scheduler": "schedule"}
MIB = 1024 * 1024


def run(arguments: list[str]) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="of the short ones (3)")
    options = parser.parse_args(arguments)
    # As an installation leaves it: no start compiles anything.
    compileall.compile_dir(servers.ROOT / "src", quiet=1)
    return [*demo(options.rounds), *api_alone(options.rounds)]


def demo(rounds: int) -> list[Figure]:
    with servers.folder() as home:
        with running(home) as (cold, port, process):
            buy(port)
            time.sleep(3)
            memory = resident(process)
        warm = []
        for _ in range(rounds):
            with running(home) as (seconds, _, _):
                warm.append(seconds)
    figures = [
        Figure(what="first start on an empty folder", value=cold, unit="s", target=60, good="at most"),
        Figure(what="second start", value=statistics.median(warm), unit="s", target=6, good="at most"),
    ]
    return figures + [
        Figure(what=f"memory of the {name}", value=size / MIB, unit="MiB", target=180, good="at most")
        for name, size in memory.items()
    ]


@contextmanager
def running(home: Path) -> Iterator[tuple[float, int, psutil.Process]]:
    """`merx demo` in `home`: seconds until it lists products, its port, its process. Stopped with Ctrl-C."""
    port = free_port("127.0.0.1")
    command = [sys.executable, "-c", servers.SERVE, "demo", "--port", str(port), "--data", str(home / "data")]
    environment = {**os.environ, "PYTHONPATH": servers.python_path()}
    began = time.perf_counter()
    with (home / "demo.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        while not first_products(port):
            if process.poll() is not None or time.perf_counter() - began > 150:
                raise RuntimeError((home / "demo.log").read_text(errors="replace")[-3000:])
            time.sleep(0.02)
        yield time.perf_counter() - began, port, psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def first_products(port: int) -> bool:
    found: list[Answer] = []

    def user() -> User:
        found.append((yield request("GET", f"{API}/products?limit=1&in_stock=true")))

    try:
        drive(port, [user()], 10)
    except (OSError, RuntimeError):
        return False
    return found[0].status == 200 and bool(found[0].json()["items"])


def buy(port: int) -> None:
    """One order, so that every process has done something."""

    def shopper() -> User:
        listed = json_of((yield request("GET", f"{API}/products?limit=1&in_stock=true")))["items"][0]
        product = json_of((yield request("GET", f"{API}/products/{listed['slug']}")))
        cart = yield from fill_cart([next(each["id"] for each in product["variants"] if each["available"])])
        json_of((yield place_order(cart)), 201)

    drive(port, [shopper()], 60)


def resident(process: psutil.Process) -> dict[str, int]:
    """Bytes of each program below the supervisor."""
    found = {}
    for child in process.children(recursive=True):
        words = child.cmdline()
        for name, program in PROGRAMS.items():
            if program in words:
                found[name] = child.memory_info().rss
    if set(found) != set(PROGRAMS):
        raise RuntimeError(f"not all programs run: {found}")
    return found


def api_alone(rounds: int) -> list[Figure]:
    answers = []
    with shop(300) as made:
        for turn in range(rounds):
            with servers.serving(servers.api(made.home, made.environment, f"merx-{turn}")) as merx:
                answers.append(merx.ready(f"{API}/products?limit=1"))
    imports = [seconds_of("import merx.bootstrap.api") - seconds_of("pass") for _ in range(rounds)]
    return [
        Figure(
            what="API: process start to first answer",
            value=statistics.median(answers),
            unit="s",
            target=2,
            good="at most",
        ),
        Figure(
            what="import of the API", value=statistics.median(imports), unit="s", detail="more than an empty Python"
        ),
    ]


def seconds_of(statement: str) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", statement], check=True, env={**os.environ, "PYTHONPATH": servers.python_path()}
    )
    return time.perf_counter() - began
