"""Long work in C that gives its processor back twice in a millisecond to whoever else needs it.

With every processor taken, the scheduler asks who has had one too long only at its next tick, up to 4 ms later: that is
how late a page comes when a hash has the processor it needs. A low priority makes it rarer, not shorter, and starves
the work where processors are always taken. So a timer interrupts the working thread, and the thread yields. Go's
runtime preempts goroutines in the same way and by the same signal, because nothing else in a process means anything by
it and one that comes late does no harm.
"""

import ctypes
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

TURN_NS = 500_000
_CLOCK_MONOTONIC = 1
_SIGEV_THREAD_ID = 4


class _SignalEvent(ctypes.Structure):
    """`struct sigevent` of Linux: 64 bytes, and a few more where pointers are shorter."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("thread", ctypes.c_int),
        ("rest", ctypes.c_char * 48),
    )


class _Timing(ctypes.Structure):
    """`struct itimerspec`: between two interruptions and until the first, each in seconds and nanoseconds."""

    _fields_ = tuple((name, ctypes.c_long) for name in ("seconds", "nanoseconds", "first_seconds", "first_nanoseconds"))


@contextmanager
def short_turns() -> Iterator[None]:
    """For work of this thread that does not hold the interpreter lock. Where the system gives a thread no timer
    (outside Linux, or none is left) the work is done in long turns.
    """
    libc = _libc()
    timer = _timer(libc) if libc else None
    try:
        yield
    finally:
        # The first timer of a process is number 0.
        if libc and timer is not None:
            libc.timer_delete(timer)


@cache
def _libc() -> ctypes.CDLL | None:
    """With `sched_yield` as what the signal does: nothing of Python runs, and what it interrupts is taken up again."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    # Before glibc 2.34 timers are in a library of their own.
    if libc is None or not hasattr(libc, "timer_create"):
        return None
    libc.signal.argtypes, libc.signal.restype = (ctypes.c_int, ctypes.c_void_p), ctypes.c_void_p
    libc.signal(signal.SIGURG, ctypes.cast(libc.sched_yield, ctypes.c_void_p))
    return libc


def _timer(libc: ctypes.CDLL) -> ctypes.c_void_p | None:
    timer = ctypes.c_void_p()
    event = _SignalEvent(None, signal.SIGURG, _SIGEV_THREAD_ID, threading.get_native_id(), b"")
    if libc.timer_create(_CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(timer)):
        return None
    libc.timer_settime(timer, 0, ctypes.byref(_Timing(0, TURN_NS, 0, TURN_NS)), None)
    return timer
