"""Requests at times that were fixed before, however long the answers take (open loop)."""

import select
from array import array
from collections import Counter
from collections.abc import Sequence
from time import perf_counter

from tests.bench.kit.load import Connection, Run


def paced(port: int, requests: Sequence[bytes], rate: float, seconds: float, connections: int = 32) -> Run:
    """`rate` requests a second, in order and over again. Each is timed from the moment it was due.

    One that finds every connection busy waits for the first that is free, and that counts as its time.
    """
    idle = [Connection(port) for _ in range(connections)]
    everybody = list(idle)
    poll, busy = select.epoll(), {}
    for connection in everybody:
        poll.register(connection.socket.fileno(), select.EPOLLIN)
    times, statuses = array("d"), Counter[int]()
    number, last = 0, int(rate * seconds)
    began = perf_counter()
    try:
        while number < last or busy:
            due = began + number / rate
            while number < last and idle and due <= perf_counter():
                connection = idle.pop()
                busy[connection.socket.fileno()] = connection
                connection.send(requests[number % len(requests)])
                connection.sent_at = due
                number += 1
                due = began + number / rate
            wait = max(0.0, due - perf_counter()) if number < last and idle else 10.0
            # epoll's own timer counts in milliseconds.
            select.select([poll], [], [], wait)
            for ready, _ in poll.poll(0):
                connection = busy[ready]
                if (answer := connection.received()) is not None:
                    times.append(perf_counter() - connection.sent_at)
                    statuses[answer.status] += 1
                    idle.append(busy.pop(ready))
    finally:
        poll.close()
        for connection in everybody:
            connection.socket.close()
    return Run(times, statuses, perf_counter() - began)
