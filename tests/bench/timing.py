"""Does the time of an answer tell whether an e-mail has an account? Signing in, registering, a forgotten password.

Each is asked for 200 e-mails with and 200 without an account, one after the other in an order drawn by lot, each from
another address so that nobody is slowed down for guessing. The medians must be within 10 % of each other. Signing in is
asked for twice: while refusals are put on record, and after so many made-up e-mails that none is any more.
"""

import argparse
import random
import statistics
from collections.abc import Callable, Sequence

from merx.bootstrap.container import App
from merx.contexts.identity.domain.account import Account, AccountKind
from merx.contexts.identity.domain.refusals import MOST_UNKNOWN
from merx.infra.clock import SystemClock
from tests.bench.kit import servers
from tests.bench.kit.load import User, drive, request
from tests.bench.kit.measure import Figure
from tests.bench.kit.shop import API, shop

PASSWORD = "a password of the benchmarks"
Ask = Callable[[str], tuple[str, dict[str, str]]]
ASKS: dict[str, Ask] = {
    "signing in": lambda email: ("login", {"email": email, "password": "not the password"}),
    "forgotten password": lambda email: ("password/forgot", {"email": email}),
    "registering": lambda email: ("register", {"email": email, "password": PASSWORD, "name": "Ada"}),
}


def run(arguments: list[str]) -> list[Figure]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--emails", type=int, default=200, help="of each kind (200)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    with shop(50) as made:
        known = [f"known{number}@example.com" for number in range(options.emails)]
        made.with_app(lambda app: accounts(app, known))
        environment = made.environment | {"MERX_TRUSTED_PROXIES": "1"}
        with servers.serving(servers.api(made.home, environment)) as merx:
            merx.ready(f"{API}/health/ready")
            chance = random.Random(options.seed)
            figures = [measured(merx, what, ask, known, chance) for what, ask in ASKS.items()]
            what, ask = next(iter(ASKS.items()))
            made_up = [f"made-up-{number}@example.com" for number in range(MOST_UNKNOWN)]
            drive(merx.port, [one_by_one(ask, made_up, 201)], 600).expect(401)
            return [*figures, measured(merx, f"{what} off the record", ask, known, chance)]


async def accounts(app: App, emails: Sequence[str]) -> None:
    """Made without a hash for each: what costs time is to check it."""
    identity = app.contexts.identity
    password_hash = await identity.passwords().hash(PASSWORD)
    for email in emails:
        async with identity.uow() as uow:
            account, _ = Account.open(
                email=email,
                name="Ada",
                kind=AccountKind.customer,
                password_hash=password_hash,
                now=SystemClock().now(),
            )
            await uow.accounts.add(account)
            await uow.commit()


def measured(merx: servers.Server, what: str, ask: Ask, known: Sequence[str], chance: random.Random) -> Figure:
    unknown = [f"{what.split(maxsplit=1)[0]}-{email}" for email in known]
    order = [*known, *unknown]
    chance.shuffle(order)
    warm = [f"warm-{what.split(maxsplit=1)[0]}-{number}@example.com" for number in range(20)]
    drive(merx.port, [one_by_one(ask, warm, 200)], 60)
    times = drive(merx.port, [one_by_one(ask, order, 0)], 120).times
    mine = set(known)
    medians = [
        statistics.median(time for email, time in zip(order, times, strict=True) if (email in mine) is wanted) * 1000
        for wanted in (True, False)
    ]
    apart = abs(medians[0] / medians[1] - 1) * 100
    print(f"{what:<20} with an account {medians[0]:7.3f} ms, without {medians[1]:7.3f} ms, {apart:4.1f} % apart")
    return Figure(
        what=f"{what}: with and without an account",
        value=apart,
        unit="% apart",
        target=10.0,
        good="at most",
        detail=f"medians {medians[0]:.2f} and {medians[1]:.2f} ms over {len(known)} e-mails of each kind",
    )


def one_by_one(ask: Ask, emails: Sequence[str], network: int) -> User:
    for number, email in enumerate(emails):
        path, body = ask(email)
        address = f"10.{network}.{number // 250}.{number % 250 + 1}"
        yield request("POST", f"{API}/auth/{path}", body, {"x-forwarded-for": address})
