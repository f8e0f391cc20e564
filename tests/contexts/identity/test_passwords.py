"""Password hashes."""

import asyncio
import time

from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.ports.security import Passwords
from merx.kernel.errors import Unavailable

PASSWORDS: list[type[Passwords]] = [Argon2Passwords]


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
