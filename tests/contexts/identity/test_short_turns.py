"""Hashing gives its processor back in between: beside somebody who always wants it, it has many turns for one hash."""

import ctypes
import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import get_native_id

import pytest

from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.adapters.short_turns import short_turns

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "timer_create"),
    reason="the system gives a thread no timer",
)

TIMERS = Path("/proc/self/timers")
listed = pytest.mark.skipif(not TIMERS.exists(), reason="the system does not list timers")
OURS = f"signal: {signal.SIGURG.value}/"


@pytest.fixture
def wanted() -> Iterator[int]:
    """A processor that somebody else never leaves."""
    processor = min(os.sched_getaffinity(0))
    never = "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); print(flush=True)\nwhile True: pass"
    somebody = subprocess.Popen([sys.executable, "-c", never, str(processor)], stdout=subprocess.PIPE)
    assert somebody.stdout
    with somebody.stdout:
        somebody.stdout.readline()
        yield processor
        somebody.kill()
        somebody.wait()


def work() -> bytes:
    """A few dozen milliseconds without the interpreter lock."""
    return hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 60_000)


def turns(processor: int, kind: Callable[[], AbstractContextManager[None]]) -> int:
    """How often a thread that works there was given the processor."""

    def of_this_thread() -> int:
        os.sched_setaffinity(0, {processor})
        statistics = Path(f"/proc/self/task/{get_native_id()}/schedstat")
        before = int(statistics.read_text().split()[2])
        with kind():
            work()
        return int(statistics.read_text().split()[2]) - before

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(of_this_thread).result()


def test_many_turns_for_one_piece_of_work_beside_somebody_who_wants_the_processor(wanted: int):
    long = turns(wanted, nullcontext)
    assert turns(wanted, short_turns) > 2 * long


def test_what_was_interrupted_is_right():
    with short_turns():
        interrupted = [work() for _ in range(3)]
    assert set(interrupted) == {work()}


@listed
async def test_passwords_are_hashed_in_short_turns():
    assert OURS in await Argon2Passwords()._run(TIMERS.read_text)


@listed
def test_nobody_is_interrupted_afterwards():
    def fails() -> None:
        with short_turns():
            assert OURS in TIMERS.read_text()
            raise ValueError("the work")

    with pytest.raises(ValueError, match="the work"):
        fails()
    assert OURS not in TIMERS.read_text()


NO_TIMER_LEFT = """
import resource
from merx.contexts.identity.adapters.short_turns import short_turns
resource.setrlimit(resource.RLIMIT_SIGPENDING, (0, 0))
with short_turns(): print(open("/proc/self/timers").read(), "done")
"""


@listed
def test_where_no_timer_is_left_the_work_is_done_all_the_same():
    assert (
        subprocess.run([sys.executable, "-c", NO_TIMER_LEFT], capture_output=True, text=True, check=True).stdout
        == " done\n"
    )
