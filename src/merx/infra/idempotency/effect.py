"""What has to be committed together with the effect of a request: that it happened.

The answer of a request is kept when it is known, which is after its effect was committed. A process that dies between
the two, or a commit whose answer is lost, would leave a claim that runs out, and the same request would have its effect
again. So the unit of work notes the effect in its own transaction.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

Note = Callable[[Any], Awaitable[None]]


class _Running(NamedTuple):
    task: asyncio.Task[Any] | None
    note: Note


_running: ContextVar[_Running | None] = ContextVar("idempotent_request", default=None)


@contextmanager
def noting(note: Note) -> Iterator[None]:
    """Every transaction that this task commits meanwhile is handed to `note` right before.

    Those of tasks that it starts are not: they may commit the work of others.
    """
    token = _running.set(_Running(asyncio.current_task(), note))
    try:
        yield
    finally:
        _running.reset(token)


async def note_effect(tx: Any) -> None:
    """For units of work, in each commit. Raises what `note` raises: nothing is to be committed then."""
    running = _running.get()
    if running is not None and running.task is asyncio.current_task():
        await running.note(tx)
