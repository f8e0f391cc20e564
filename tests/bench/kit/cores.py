"""Which cores a process may use: what makes the load and what bears it are not to take them from each other."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager


def first_and_others() -> tuple[set[int], set[int]]:
    """The same one twice on a machine that has no second."""
    first, *rest = sorted(os.sched_getaffinity(0))
    return {first}, set(rest) or {first}


@contextmanager
def children_on(cores: Collection[int]) -> Iterator[None]:
    """For processes begun in here, and this one as long as it is in here. A process that runs already keeps the threads
    that it has where they are: only who begins on a core stays there whole.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
