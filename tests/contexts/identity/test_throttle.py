"""Guessing gets slow: the same rules in one process and for all together."""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from merx.contexts.identity.adapters.shared_throttle import RedisThrottle, SharedThrottle
from merx.contexts.identity.adapters.throttle import ADDRESS, EMAIL, PAIR, SECOND_FACTOR, SITE, LocalThrottle
from merx.contexts.identity.ports.security import Throttle
from merx.infra.limits.scripts import RedisAway, Scripts
from merx.infra.redis import redis_client
from merx.infra.settings import Settings
from merx.kernel.errors import RateLimited
from tests.support.clock import FixedClock

THROTTLES: list[type[Throttle]] = [LocalThrottle, RedisThrottle, SharedThrottle]


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

    async def test_s04_the_owner_gets_in_from_where_she_read_her_mailbox(self, throttle):
        for number in range(200):
            await self.tries(throttle, 1, address=f"198.51.100.{number}")
        assert await self.tries(throttle, 1, address="203.0.113.9") == 0
        await throttle.read_mailbox("ada", "203.0.113.9")
        assert await self.tries(throttle, 100, address="203.0.113.9") == PAIR.free + 1
        assert await self.tries(throttle, 1, address="203.0.113.10") == 0
        assert await self.tries(throttle, 1, email="eve", address="203.0.113.9") == 1

    async def test_s04_a_mailbox_opens_no_second_factor(self, throttle):
        """Whoever reads it chooses a password, from one network after the other."""
        passed = 0
        for number in range(100):
            address = f"198.51.100.{number}"
            await throttle.read_mailbox("ada", address)
            with contextlib.suppress(RateLimited):
                await throttle.begin("second-factor", "ada", address)
                passed += 1
        assert passed == SECOND_FACTOR.free + SECOND_FACTOR.step

    async def asks(self, throttle, number, address="192.0.2.1", email="ada"):
        """What so many who ask for a mail at one moment are told; None: to wait."""
        answers = []
        for _ in range(number):
            try:
                answers.append(await throttle.lets_mail("reset-password", email, address))
            except RateLimited:
                answers.append(None)
        return answers

    async def test_s04_whoever_asks_for_a_mail_is_not_told_that_others_did(self, throttle, clock):
        answers = []
        for number in range(200):
            answers += await self.asks(throttle, 1, f"198.51.100.{number}")
        allowed = EMAIL.free + EMAIL.step
        assert answers == [True] * allowed + [False] * (200 - allowed)
        # Only what comes from her own address makes her wait, and it counts whether or not there is a mail.
        assert await self.asks(throttle, 8) == [False] * (PAIR.free + 1) + [None] * 2
        clock.advance(timedelta(seconds=EMAIL.longest))
        assert await self.asks(throttle, 1, "203.0.113.1") == [True]

    async def test_s04_one_address_cannot_have_mails_sent_to_everybody(self, throttle):
        answers = []
        for number in range(200):
            answers += await self.asks(throttle, 1, email=f"e{number}")
        assert answers.count(True) == ADDRESS.free + ADDRESS.step
        assert answers.count(False) == 0

    async def test_where_the_owner_was_before_she_gets_her_mail(self, throttle):
        await throttle.succeeded("login", "ada", "192.0.2.1")
        for number in range(200):
            await self.asks(throttle, 1, f"198.51.100.{number}")
        assert await self.asks(throttle, 1, "203.0.113.1") == [False]
        assert await self.asks(throttle, 1) == [True]

    async def test_s04_a_site_is_not_as_many_callers_as_it_has_networks(self, throttle):
        passed = 0
        for number in range(1000):
            passed += await self.tries(throttle, 1, email=f"e{number}", address=f"2001:db8:1:{number:x}::1")
        assert passed == SITE.free + SITE.step
        assert await self.tries(throttle, 1, email="eve", address="2001:db8:1:ffff::1") == 0
        assert await self.tries(throttle, 1, email="eve", address="2001:db8:2::1") == 1
        assert await self.tries(throttle, 1, email="eve", address="192.0.2.9") == 1

    async def test_those_who_share_a_site_do_not_keep_the_owner_out(self, throttle):
        await throttle.begin("login", "ada", "2001:db8:1::1")
        await throttle.succeeded("login", "ada", "2001:db8:1::1")
        for number in range(1, 500):
            await self.tries(throttle, 1, email=f"e{number}", address=f"2001:db8:1:{number:x}::1")
        assert await self.tries(throttle, 1, email="eve", address="2001:db8:1::1") == 0
        assert await self.tries(throttle, 100, address="2001:db8:1::1") == PAIR.free + 1

    async def test_success_makes_up_for_the_site(self, throttle):
        for number in range(2 * SITE.free):
            await throttle.begin("login", f"e{number}", f"2001:db8:1:{number:x}::1")
            await throttle.succeeded("login", f"e{number}", f"2001:db8:1:{number:x}::1")
        assert await self.tries(throttle, 1, email="eve", address="2001:db8:1:ffff::1") == 1

    @pytest.mark.parametrize(("sites", "kept_out"), [(1, False), (4096, True)])
    async def test_s04_one_site_cannot_besiege_an_account(self, throttle, clock, sites, kept_out):
        """At full rate, from ever new networks. From ever new sites as well it goes on: see docs/accounts.md."""
        guessed = tried = let_in = 0
        for moment in range(900):
            clock.advance(timedelta(seconds=20))
            while await self.tries(throttle, 1, address=f"2001:db8:{guessed % sites:x}:{guessed:x}::1"):
                guessed += 1
            if moment > 400 and moment % 3 == 0:
                tried += 1
                let_in += await self.tries(throttle, 1, address=f"198.51.100.{tried}")
        if kept_out:
            assert (let_in, guessed > 2500) == (0, True)
        else:
            assert let_in > tried / 2
            assert guessed < 2000

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
