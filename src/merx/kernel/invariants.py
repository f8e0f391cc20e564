"""What is always true of the stored data, whatever happened. Each context says what is true of its own."""

from collections.abc import Awaitable, Callable

import msgspec


class Invariant(msgspec.Struct, frozen=True):
    """`name` is `<context>.<what>`, `promise` a sentence.

    `broken(most)` finds up to `most` things of which it is not true: by their ids, never by what they hold of people.
    """

    name: str
    promise: str
    broken: Callable[[int], Awaitable[list[str]]]
