"""Sign-ins a second beside bare argon2, and what 20 of them at once do to the p99 of the product detail.

Product details are asked for as fast as they come, by as many visitors as in `product_warm`, and at fixed times, a
hundredth of what the API can do; both alone and while 20 customers sign in over and over, in turns.
The bare rate is argon2 with the same parameters on one thread, which is what the API gives it, in long turns and in the
short ones of the API. At the end they sign in while somebody else wants every processor all the time; whoever signs
in is one of those who get little then.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import cycle

from argon2 import PasswordHasher, Type

from merx.bootstrap.container import App
from merx.contexts.identity.adapters.passwords import MEMORY_KIB, PARALLELISM, TIME_COST
from merx.contexts.identity.adapters.short_turns import short_turns
from merx.contexts.identity.domain.account import AccountKind
from tests.bench.kit import servers
from tests.bench.kit.load import Run, User, drive, request
from tests.bench.kit.measure import Figure, parser
from tests.bench.kit.paced import paced
from tests.bench.kit.shop import API, shop

AT_ONCE = 20
RATE = 500.0
VISITORS = 32
PASSWORD = "a password of the benchmarks"


def run(arguments: list[str]) -> list[Figure]:
    options = parser(__doc__, seconds=4.0, rounds=5).parse_args(arguments)
    # In a process of its own: what signs in must not hold up what measures.
    with (
        shop(300) as made,
        servers.serving(servers.api(made.home, made.environment)) as merx,
        ProcessPoolExecutor(1) as others,
    ):
        merx.ready(f"{API}/health/ready")
        made.with_app(customers)
        details = [request("GET", path) for path in made.product_paths(300)]
        paced(merx.port, details, RATE, 1.0)
        others.submit(sign_in_over_and_over, merx.port, 1.0).result()
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in WAYS}
        rates, bare, in_turns, refused = [], [], [], 0
        for _ in range(options.rounds):
            bare.append(argon2_rate(1.0, nullcontext))
            in_turns.append(argon2_rate(1.0, short_turns))
            for name, ask in WAYS.items():
                alone = ask(merx.port, details, options.seconds).expect(200).quantile(0.99) * 1000
                signing = others.submit(sign_in_over_and_over, merx.port, options.seconds + 1.0)
                time.sleep(0.5)
                beside = ask(merx.port, details, options.seconds).expect(200).quantile(0.99) * 1000
                rate, away = signing.result()
                rates.append(rate)
                refused += away
                found[name].append((alone, beside))
                print(f"{name}: p99 {alone:.2f} ms alone, {beside:.2f} ms beside {rate:.1f} sign-ins/s", flush=True)
        with everything_taken():
            crowded, away = others.submit(sign_in_over_and_over, merx.port, options.seconds * 2).result()
    rate, floor, short = (statistics.median(each) for each in (rates, bare, in_turns))
    return [
        *(ratio(name, pairs) for name, pairs in found.items()),
        Figure(
            what="sign-ins",
            value=rate,
            unit="per second",
            detail=f"argon2 alone on one thread {floor:.1f}/s, in short turns {short:.1f}/s; {refused} turned away",
        ),
        Figure(
            what="sign-ins when somebody else wants every processor",
            value=crowded,
            unit="per second",
            detail=f"{away} turned away",
        ),
    ]


@contextmanager
def everything_taken() -> Iterator[None]:
    never = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for somebody in never:
            somebody.kill()
            somebody.wait()


def busy(port: int, details: list[bytes], seconds: float) -> Run:
    def visitor() -> User:
        for detail in cycle(details):  # noqa: UP028 - each is told the answer to the one before
            yield detail

    return drive(port, [visitor() for _ in range(VISITORS)], seconds)


def quiet(port: int, details: list[bytes], seconds: float) -> Run:
    return paced(port, details, RATE, seconds)


WAYS: dict[str, Callable[[int, list[bytes], float], Run]] = {
    f"{VISITORS} visitors without a pause": busy,
    f"{RATE:.0f} pages a second": quiet,
}


def ratio(name: str, pairs: list[tuple[float, float]]) -> Figure:
    alone, beside = (statistics.median(each) for each in zip(*pairs, strict=True))
    return Figure(
        what=f"product detail beside {AT_ONCE} sign-ins, {name}",
        value=statistics.median(second / first for first, second in pairs),
        unit="x p99",
        target=2.0,
        good="at most",
        detail=f"p99 {alone:.2f} ms alone, {beside:.2f} ms beside",
    )


def email(number: int) -> str:
    return f"customer{number}@example.com"


async def customers(app: App) -> None:
    ensure = app.contexts.identity.ensure_account()
    for number in range(AT_ONCE):
        await ensure(email(number), f"Customer {number}", AccountKind.customer, (), PASSWORD)


def argon2_rate(seconds: float, turns: Callable[[], AbstractContextManager[None]]) -> float:
    hasher = PasswordHasher(TIME_COST, MEMORY_KIB, PARALLELISM, type=Type.ID)
    known, done, began = hasher.hash(PASSWORD), 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        with turns():
            hasher.verify(known, PASSWORD)
        done += 1
    return done / (time.perf_counter() - began)


def sign_in_over_and_over(port: int, seconds: float) -> tuple[float, int]:
    """Sign-ins a second of all customers at once, each again as soon as it is in, and how many were turned away: beside
    as many visitors they are more than a late loop has places for.
    """
    run = drive(port, [customer(number) for number in range(AT_ONCE)], seconds).expect(200, 503)
    return run.statuses[200] / run.seconds, run.statuses[503]


def customer(number: int) -> User:
    while True:
        yield request("POST", f"{API}/auth/login", {"email": email(number), "password": PASSWORD})
