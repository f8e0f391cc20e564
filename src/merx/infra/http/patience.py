"""Work that lets everybody else go first."""

from collections.abc import Awaitable, Callable, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Patient(Generic[T]):
    """`await Patient(work)` is `await work`, and each time that the work could go on, others have a turn before it.

    A sign-in is twenty short steps between answers of the database. Without this a page that comes meanwhile waits for
    two or three of them, and with it for what is left of one.
    """

    __slots__ = ("_work",)

    def __init__(self, work: Awaitable[T]) -> None:
        self._work = work.__await__()

    def __await__(self) -> Generator[Any, None, T]:
        step: Callable[[Any], Any] = self._work.send
        given: BaseException | None = None
        while True:
            try:
                waits_for = step(given)
            except StopIteration as over:
                result: T = over.value
                return result
            step, given = self._work.send, None
            try:
                yield waits_for
                yield None
            except BaseException as error:
                # Cancelled, or told what went wrong: the work's own business.
                step, given = self._work.throw, error
