"""How often a function was called, seen by the interpreter: nothing is replaced."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Calls:
    def __init__(self) -> None:
        self.count = 0


@contextmanager
def calls_of(function: Callable[..., Any]) -> Iterator[Calls]:
    """Counts in this thread, for as long as the block lasts."""
    calls, code = Calls(), function.__code__

    def look(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is code:
            calls.count += 1

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield calls
    finally:
        sys.setprofile(before)
