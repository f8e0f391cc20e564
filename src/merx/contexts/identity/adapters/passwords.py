"""Password hashes with argon2id, in threads of their own."""

import asyncio
import base64
import os
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from merx.contexts.identity.adapters.short_turns import short_turns
from merx.kernel.errors import Unavailable

T = TypeVar("T")

# The OWASP minimum for argon2id. The library's default (64 MiB, t=3, p=4) allows a few sign-ins a second on two cores.
MEMORY_KIB = 19 * 1024
TIME_COST = 2
PARALLELISM = 1
MAX_WAITING = 128


class Argon2Passwords:
    """argon2 runs without the interpreter lock, on half of the cores at most, and gives those back in between when
    something else needs them.
    """

    def __init__(
        self,
        *,
        memory_kib: int = MEMORY_KIB,
        time_cost: int = TIME_COST,
        workers: int | None = None,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._hasher = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_kib, parallelism=PARALLELISM, hash_len=32, salt_len=16, type=Type.ID
        )
        workers = workers or max(1, (os.cpu_count() or 1) // 2)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="merx-argon2")
        self._max_waiting = max_waiting
        self._waiting = 0
        # Verifying takes the same time whatever the digest, so nobody has to compute this one.
        self._nobody = f"$argon2id$v=19$m={memory_kib},t={time_cost},p={PARALLELISM}${_random(16)}${_random(32)}"

    async def hash(self, password: str) -> str:
        return await self._run(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        correct = await self._run(lambda: self._check(password, password_hash or self._nobody))
        return correct and password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        return self._hasher.check_needs_rehash(password_hash)

    def _check(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, _normal(password))
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= self._max_waiting:
            raise Unavailable("too many sign-ins at once", retry_after=2)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, _in_short_turns, work)
        finally:
            self._waiting -= 1


def _in_short_turns(work: Callable[[], T]) -> T:
    with short_turns():
        return work()


def _normal(password: str) -> str:
    """The same characters typed on another keyboard may arrive composed differently (NIST SP 800-63B §5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def _random(length: int) -> str:
    return base64.b64encode(secrets.token_bytes(length)).rstrip(b"=").decode()
