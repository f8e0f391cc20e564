"""Background processes end on SIGTERM and SIGINT, in order."""

import asyncio
import gc
import signal
from collections.abc import Coroutine
from typing import Any

import uvloop


def stop_event() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT. A second one ends the process as usual."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()

    def stop(number: signal.Signals) -> None:
        stopping.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    return stopping


def run_process(main: Coroutine[Any, Any, None]) -> None:
    # What is loaded now stays: the collector need not look at it again, neither while running nor, which takes most of
    # a second otherwise, at the end.
    gc.collect()
    gc.freeze()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)
