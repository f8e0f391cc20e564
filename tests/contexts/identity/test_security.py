"""Password hashes and the throttle."""

import asyncio
import contextlib
import time
from datetime import timedelta

import pytest

from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.adapters.shared_throttle import RedisThrottle, SharedThrottle
from merx.contexts.identity.adapters.throttle import ADDRESS, EMAIL, PAIR, LocalThrottle
from merx.contexts.identity.ports.security import Passwords, Throttle
from merx.infra.limits.scripts import RedisAway, Scripts
from merx.infra.redis import redis_client
from merx.infra.settings import Settings
from merx.kernel.errors import RateLimited, Unavailable
from tests.support.clock import FixedClock

PORTS: list[type] = [Passwords, Throttle]
THROTTLES: list[type[Throttle]] = [LocalThrottle, RedisThrottle, SharedThrottle]


class TestPasswords:
    async def test_s03_parameters_are_the_ones_promised(self):
        text = await Argon2Passwords().hash("correct horse battery")
        assert text.startswith("$argon2id$v=19$m=19456,t=2,p=1$")

    async def test_right_and_wrong(self):
        passwords = Argon2Passwords(memory_kib=64, time_cost=1)
        stored = await passwords.hash("correct horse battery")
        assert await passwords.verify("correct horse battery", stored)
        assert not await passwords.verify("correct horse batterz", stored)
        assert not await passwords.verify("correct horse battery", None)
        assert not await passwords.verify("correct horse battery", "no hash at all")

    async def test_s05_nobody_costs_as_much_as_somebody(self):
        """Processor time of this thread, in turns, the least of several runs: the machine may be busy meanwhile."""
        passwords = Argon2Passwords()
        stored = await passwords.hash("correct horse battery")
        least = {stored: 1.0, passwords._nobody: 1.0}
        for _ in range(7):
            for password_hash, before in least.items():
                began = time.thread_time()
                assert not passwords._check("wrong", password_hash)
                least[password_hash] = min(before, time.thread_time() - began)
        known, unknown = least.values()
        assert 0.75 < known / unknown < 1.33

    async def test_s05_nobody_takes_a_turn_like_somebody(self):
        """And is hashed at all: one place, and the second who comes finds it taken."""
        passwords = Argon2Passwords(memory_kib=64, time_cost=1, max_waiting=1)
        for stored in (await passwords.hash("correct horse battery"), None):
            found = await asyncio.gather(
                passwords.verify("x", stored), passwords.verify("x", stored), return_exceptions=True
            )
            assert found[0] is False
            assert isinstance(found[1], Unavailable)

    async def test_s05_who_does_not_exist_is_checked_against_nobody(self):
        """In the same way as somebody: a text that is no hash would be refused at once."""
        passwords = Argon2Passwords()
        least = {"nobody": 1.0, "no hash": 1.0}
        for _ in range(5):
            for name, password_hash in (("nobody", None), ("no hash", "no hash at all")):
                began = time.perf_counter()
                assert not await passwords.verify("wrong", password_hash)
                least[name] = min(least[name], time.perf_counter() - began)
        assert least["nobody"] > 5 * least["no hash"]

    async def test_s03_long_passwords_are_not_cut(self):
        passwords = Argon2Passwords(memory_kib=64, time_cost=1)
        stored = await passwords.hash("x" * 255 + "y")
        assert not await passwords.verify("x" * 256, stored)

    async def test_s03_the_event_loop_stays_free(self):
        passwords = Argon2Passwords(workers=1)
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                await asyncio.sleep(0.001)
                ticks += 1

        ticking = asyncio.create_task(tick())
        await asyncio.gather(*(passwords.hash("correct horse battery") for _ in range(4)))
        ticking.cancel()
        assert ticks > 5

    async def test_s03_beyond_the_queue_callers_are_turned_away(self):
        passwords = Argon2Passwords(workers=1, max_waiting=2)
        results = await asyncio.gather(*(passwords.hash("x" * 8) for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(result, Unavailable) for result in results) == 3
        assert await passwords.hash("x" * 8)


class TestThrottle:
    @pytest.fixture
    def clock(self):
        return FixedClock()

    @pytest.fixture(params=["local", pytest.param("redis", marks=pytest.mark.services)])
    def throttle_url(self, request):
        return "" if request.param == "local" else request.getfixturevalue("redis_url")

    @pytest.fixture
    async def throttle(self, throttle_url, clock):
        if not throttle_url:
            yield LocalThrottle(clock)
            return
        client = redis_client(Settings(redis_url=throttle_url))
        # A busy machine is no reason for another answer here.
        yield RedisThrottle(Scripts(client, wait=5), b"k" * 32, clock)
        await client.aclose()

    async def tries(self, throttle, number, email="ada", address="192.0.2.1"):
        """How many of so many attempts at one moment got through."""
        passed = 0
        for _ in range(number):
            try:
                await throttle.begin("login", email, address)
                passed += 1
            except RateLimited as error:
                self.wait = error.retry_after
        return passed

    async def test_the_wait_doubles_up_to_an_hour(self, throttle, clock):
        assert await self.tries(throttle, 100) == PAIR.free + 1
        waits = []
        for _ in range(16):
            clock.advance(timedelta(seconds=self.wait))
            assert await self.tries(throttle, 2) == 1
            waits.append(self.wait)
        assert waits[:4] == [2, 4, 8, 16]
        assert waits[-1] == 3600

    async def test_success_makes_up_for_the_pair(self, throttle):
        for _ in range(200):
            await throttle.begin("login", "ada", "192.0.2.1")
            await throttle.succeeded("login", "ada", "192.0.2.1")

    async def test_one_address_cannot_try_many_accounts(self, throttle):
        passed = 0
        for number in range(200):
            passed += await self.tries(throttle, 1, email=f"e{number}")
        assert passed == ADDRESS.free + ADDRESS.step

    async def test_one_good_password_does_not_wash_away_bad_ones(self, throttle):
        for number in range(ADDRESS.free + ADDRESS.step - 1):
            await self.tries(throttle, 1, email=f"e{number}")
        await throttle.begin("login", "mallory", "192.0.2.1")
        await throttle.succeeded("login", "mallory", "192.0.2.1")
        assert await self.tries(throttle, 1, email="victim") == 0

    async def test_many_addresses_cannot_try_one_account(self, throttle, clock):
        passed = 0
        for number in range(200):
            passed += await self.tries(throttle, 1, address=f"198.51.100.{number}")
        assert passed == EMAIL.free + EMAIL.step
        for number in range(200):
            clock.advance(timedelta(seconds=EMAIL.longest))
            assert await self.tries(throttle, 1, address=f"203.0.113.{number}") == 1

    async def test_the_owner_gets_in_from_where_she_was_before(self, throttle):
        await throttle.begin("login", "ada", "192.0.2.1")
        await throttle.succeeded("login", "ada", "192.0.2.1")
        for number in range(200):
            await self.tries(throttle, 1, address=f"198.51.100.{number}")
        assert await self.tries(throttle, 1, address="203.0.113.9") == 0
        assert await self.tries(throttle, 1, address="192.0.2.1") == 1

    async def test_s04_those_who_share_an_address_do_not_keep_the_owner_out(self, throttle):
        """A mobile network has one address for thousands, and one of them guesses, or many forget."""
        await throttle.begin("login", "ada", "192.0.2.1")
        await throttle.succeeded("login", "ada", "192.0.2.1")
        for number in range(100):
            await self.tries(throttle, 1, email=f"e{number}")
        assert await self.tries(throttle, 1, email="nobody-yet") == 0
        # She is spared that, and no more: her own password is guessed as slowly as before.
        assert await self.tries(throttle, 100) == PAIR.free + 1

    async def test_s04_signing_in_to_ones_own_account_washes_nothing_away(self, throttle):
        for number in range(ADDRESS.free + ADDRESS.step):
            for _ in range(2):
                with contextlib.suppress(RateLimited):
                    await throttle.begin("login", "mallory", "192.0.2.1")
                    await throttle.succeeded("login", "mallory", "192.0.2.1")
            await self.tries(throttle, 1, email=f"e{number}")
        assert await self.tries(throttle, 1, email="victim") == 0

    async def test_refused_attempts_push_nobody_out(self, clock):
        throttle = LocalThrottle(clock, buckets=200)
        assert await self.tries(throttle, 50, email="victim") == PAIR.free + 1
        passed = 0
        for number in range(1000):
            passed += await self.tries(throttle, 1, email=f"e{number}", address="203.0.113.9")
        assert passed == ADDRESS.free + ADDRESS.step
        assert await self.tries(throttle, 1, email="victim") == 0

    async def test_purposes_are_counted_apart(self, throttle):
        await self.tries(throttle, 50)
        await throttle.begin("register", "ada", "192.0.2.1")

    async def test_time_heals(self, throttle, clock):
        await self.tries(throttle, 50)
        clock.advance(timedelta(hours=2))
        assert await self.tries(throttle, 50) == PAIR.free + 1


async def guesses(throttle: Throttle, number: int, address: str = "192.0.2.1") -> int:
    """How many of so many guesses at once are evaluated."""
    began = await asyncio.gather(
        *(throttle.begin("login", "ada@example.com", address) for _ in range(number)), return_exceptions=True
    )
    assert all(each is None or isinstance(each, RateLimited) for each in began)
    return began.count(None)


class Deaf(Scripts):
    """A Redis that went away."""

    def __init__(self) -> None:
        pass

    async def run(self, *_: object) -> object:
        raise RedisAway


class TestGuessing:
    @pytest.mark.services
    async def test_s04_four_processes_share_one_count(self, redis_url):
        clients = [redis_client(Settings(redis_url=redis_url)) for _ in range(4)]
        processes = [
            SharedThrottle(RedisThrottle(Scripts(client, wait=5), b"k" * 32), LocalThrottle(FixedClock()))
            for client in clients
        ]
        evaluated = await asyncio.gather(*(guesses(process, 100) for process in processes))
        assert sum(evaluated) == PAIR.free + 1
        held = b" ".join([key async for key in clients[0].scan_iter("*")])
        assert held.count(b"merx:throttle:") == 3
        assert b"ada" not in held
        assert b"192.0.2.1" not in held
        for client in clients:
            await client.aclose()

    async def test_s04_without_redis_each_process_still_limits(self):
        throttle = SharedThrottle(RedisThrottle(Deaf(), b"k" * 32), LocalThrottle(FixedClock()))
        assert await guesses(throttle, 100) == PAIR.free + 1

    @pytest.mark.services
    async def test_s04_the_owner_gets_in_while_others_guess_and_when_redis_is_gone(self, redis_url):
        client = redis_client(Settings(redis_url=redis_url))
        local = LocalThrottle(FixedClock())
        throttle = SharedThrottle(RedisThrottle(Scripts(client, wait=5), b"k" * 32), local)
        await throttle.begin("login", "ada@example.com", "203.0.113.1")
        await throttle.succeeded("login", "ada@example.com", "203.0.113.1")
        alone = SharedThrottle(RedisThrottle(Deaf(), b"k" * 32), local)
        for each in (throttle, alone):
            for number in range(100):
                await guesses(each, 1, f"198.51.100.{number}")
            assert await guesses(each, 1, "198.51.100.200") == 0
            assert await guesses(each, 1, "203.0.113.1") == 1
        await client.aclose()
