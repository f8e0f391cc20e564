"""Password hashes and the throttle."""

import asyncio
import time
from datetime import timedelta

import pytest

from merx.contexts.identity.adapters import throttle as throttle_module
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.adapters.throttle import ADDRESS, EMAIL, PAIR, LocalThrottle, network_of
from merx.contexts.identity.ports.security import Passwords, Throttle
from merx.kernel.errors import RateLimited, Unavailable
from tests.support.clock import FixedClock

PORTS: list[type] = [Passwords, Throttle]


class TestPasswords:
    async def test_parameters_are_the_ones_promised(self):
        text = await Argon2Passwords().hash("correct horse battery")
        assert text.startswith("$argon2id$v=19$m=19456,t=2,p=1$")

    async def test_right_and_wrong(self):
        passwords = Argon2Passwords(memory_kib=64, time_cost=1)
        stored = await passwords.hash("correct horse battery")
        assert await passwords.verify("correct horse battery", stored)
        assert not await passwords.verify("correct horse batterz", stored)
        assert not await passwords.verify("correct horse battery", None)
        assert not await passwords.verify("correct horse battery", "no hash at all")

    async def test_nobody_costs_as_much_as_somebody(self):
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

    async def test_long_passwords_are_not_cut(self):
        passwords = Argon2Passwords(memory_kib=64, time_cost=1)
        stored = await passwords.hash("x" * 255 + "y")
        assert not await passwords.verify("x" * 256, stored)

    async def test_the_event_loop_stays_free(self):
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

    async def test_beyond_the_queue_callers_are_turned_away(self):
        passwords = Argon2Passwords(workers=1, max_waiting=2)
        results = await asyncio.gather(*(passwords.hash("x" * 8) for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(result, Unavailable) for result in results) == 3
        assert await passwords.hash("x" * 8)


class TestThrottle:
    @pytest.fixture
    def clock(self):
        return FixedClock()

    @pytest.fixture
    def throttle(self, clock):
        return LocalThrottle(clock)

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

    async def test_refused_attempts_push_nobody_out(self, throttle, monkeypatch):
        monkeypatch.setattr(throttle_module, "MAX_BUCKETS", 200)
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

    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
            ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("", ""),
            ("testclient", "testclient"),
        ],
    )
    def test_ipv6_is_counted_by_network(self, address, network):
        assert network_of(address) == network
