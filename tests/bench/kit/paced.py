"""Requests at times that were fixed before, however long the answers take (open loop)."""

import os
import select
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter

from tests.bench.kit.load import Connection, Run


def paced(
    port: int, requests: Sequence[bytes], rate: float, seconds: float, connections: int = 32, only: int = 0
) -> Run:
    """`rate` requests a second, in order and over again. Each is timed from the moment it was due.

    `only`: the times of answers with this status, and no others.
    One that finds every connection busy waits for the first that is free, and that counts as its time.
    """
    with _in_time():
        return _paced(port, requests, rate, seconds, connections, only)


@contextmanager
def _in_time() -> Iterator[None]:
    """A visitor does not share the processors of the shop. Where the system allows it (Linux, root) this thread has one
    whenever something is due; elsewhere its own waiting for a processor is part of the times.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except (AttributeError, PermissionError):
        yield
        return
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _paced(port: int, requests: Sequence[bytes], rate: float, seconds: float, connections: int, only: int) -> Run:
    everybody: list[Connection] = []
    idle: list[Connection] = []
    poll, busy = select.epoll(), {}

    def free() -> bool:
        # Opened when it is needed: a server closes one that says nothing.
        if not idle and len(everybody) < connections:
            idle.append(Connection(port))
            everybody.append(idle[0])
            poll.register(idle[0].socket.fileno(), select.EPOLLIN)
        return bool(idle)

    times, statuses = array("d"), Counter[int]()
    number, last = 0, int(rate * seconds)
    began = perf_counter()
    try:
        while number < last or busy:
            due = began + number / rate
            while number < last and due <= perf_counter() and free():
                connection = idle.pop()
                busy[connection.socket.fileno()] = connection
                connection.send(requests[number % len(requests)])
                connection.sent_at = due
                number += 1
                due = began + number / rate
            wait = max(0.0, due - perf_counter()) if number < last and (idle or len(everybody) < connections) else 10.0
            # epoll's own timer counts in milliseconds.
            select.select([poll], [], [], wait)
            for ready, _ in poll.poll(0):
                connection = busy[ready]
                if (answer := connection.received()) is not None:
                    if only in (0, answer.status):
                        times.append(perf_counter() - connection.sent_at)
                    statuses[answer.status] += 1
                    idle.append(busy.pop(ready))
    finally:
        poll.close()
        for connection in everybody:
            connection.socket.close()
    return Run(times, statuses, perf_counter() - began)
