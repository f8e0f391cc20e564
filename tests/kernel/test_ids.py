"""UUIDv7: no two are equal, and those of one thread sort in the order they were made."""

import json
import subprocess
import sys
import threading
import time
from uuid import RFC_4122, UUID

import pytest

from merx.kernel.ids import IdSource, new_id

FORKED = """
import json, os, sys
from merx.kernel.ids import new_id

new_id()
reading, writing = os.pipe()
child = os.fork()
made = [str(new_id()) for _ in range(2000)]
if child == 0:
    with os.fdopen(writing, "w") as pipe:
        json.dump(made, pipe)
    os._exit(0)
os.close(writing)
with os.fdopen(reading) as pipe:
    theirs = json.load(pipe)
os.waitpid(child, 0)
json.dump([made, theirs], sys.stdout)
"""


def milliseconds(made: UUID) -> int:
    return made.int >> 80


def test_an_id_is_a_uuid_of_version_seven():
    for made in (new_id() for _ in range(1000)):
        assert made.version == 7
        assert made.variant == RFC_4122
        assert UUID(str(made)) == made
        assert hash(UUID(made.hex)) == hash(made)


def test_it_begins_with_the_time():
    before = time.time_ns() // 1_000_000
    made = IdSource().make()
    assert before <= milliseconds(made) <= time.time_ns() // 1_000_000


def test_they_sort_in_the_order_they_were_made():
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert [str(id) for id in made] == sorted(str(id) for id in made)
    assert len(set(made)) == len(made)


def test_order_survives_a_full_counter_and_a_clock_that_is_set_back():
    moments = [5_000] * 10_000 + [4_000] * 10_000 + [6_000]
    source = IdSource(clock=iter(moment * 1_000_000 for moment in moments).__next__)
    made = [source.make() for _ in moments]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert milliseconds(made[-1]) == 6_000


def test_the_last_bits_are_noise():
    tails = {new_id().int & 0x3FFF_FFFF_FFFF_FFFF for _ in range(5000)}
    assert len(tails) == 5000
    ones = sum(tail.bit_count() for tail in tails)
    assert 0.49 < ones / (62 * 5000) < 0.51


def test_threads_make_no_id_twice_and_each_sees_its_own_in_order():
    made: list[list[UUID]] = [[] for _ in range(8)]
    together = threading.Barrier(len(made))

    def make(mine: list[UUID]) -> None:
        together.wait(10)
        mine.extend(new_id() for _ in range(4000))

    threads = [threading.Thread(target=make, args=(mine,), daemon=True) for mine in made]
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    finally:
        sys.setswitchinterval(usual)
    assert [len(mine) for mine in made] == [4000] * len(made)
    assert all(mine == sorted(mine) for mine in made)
    assert len({id for mine in made for id in mine}) == 4000 * len(made)


def test_a_thread_that_comes_between_keeps_its_order():
    now, draws, theirs = time.time_ns(), [], []

    def draw() -> int:
        draws.append(0)
        if len(draws) == 2:
            theirs.append(source.make())
        return 0

    source = IdSource(clock=lambda: now, draw=draw)
    ours = source.make()
    theirs.append(source.make())
    assert theirs == sorted(theirs)
    assert ours not in theirs


@pytest.mark.services
def test_a_forked_child_makes_other_ids_than_its_parent():
    # The same numbers would come out of the same noise, also where clock and counter agree.
    ended = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=30, check=True)
    ours, theirs = json.loads(ended.stdout)
    assert len({*ours, *theirs}) == 4000
    tails = {UUID(id).int & 0x3FFF_FFFF_FFFF_FFFF for id in (*ours, *theirs)}
    assert len(tails) == 4000
