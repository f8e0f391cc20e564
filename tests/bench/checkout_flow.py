"""Whole checkouts a second: cart, two lines, address, shipping options, shipping, order. Seven requests each."""

import random
from time import perf_counter

from tests.bench.kit import servers
from tests.bench.kit.load import User, drive
from tests.bench.kit.measure import Figure, parser
from tests.bench.kit.shop import API, fill_cart, json_of, place_order, shop


def run(arguments: list[str]) -> list[Figure]:
    options = parser(__doc__, seconds=3.0, rounds=5).parse_args(arguments)
    with shop() as made, servers.serving(servers.api(made.home, made.environment)) as merx:
        merx.ready(f"{API}/health/ready")
        variants = made.variants(1000)
        taken: list[float] = []

        def shopper(seed: int) -> User:
            chance = random.Random(seed)
            while True:
                began = perf_counter()
                cart = yield from fill_cart(chance.sample(variants, 2))
                json_of((yield place_order(cart)), 201)
                taken.append(perf_counter() - began)

        def shoppers() -> list[User]:
            return [shopper(number) for number in range(options.connections)]

        drive(merx.port, shoppers(), 1).expect(200, 201)
        rounds = []
        for _ in range(options.rounds):
            taken.clear()
            before = merx.cpu()
            drove = drive(merx.port, shoppers(), options.seconds).expect(200, 201)
            used = (merx.cpu() - before) / len(taken) * 1000
            rounds.append((len(taken) / drove.seconds, sorted(taken)[len(taken) // 2], used))
            print(f"{rounds[-1][0]:>8,.0f} checkouts/s{drove.rate:>10,.0f} requests/s{used:>9.2f} ms CPU", flush=True)
    rate, p50, used = sorted(rounds)[len(rounds) // 2]
    detail = f"{options.connections} shoppers at once, p50 of a whole checkout {p50 * 1000:.0f} ms, {used:.2f} ms CPU"
    return [Figure(what="whole checkouts (7 requests)", value=rate, unit="per second", detail=detail)]
