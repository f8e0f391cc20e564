"""Writes of one transaction that nobody waits for go to the server together, in one statement.

Each statement of its own costs a round trip, and for that time the transaction holds its locks: of the time between the
lock of a stock and the commit, half was waiting for answers that say nothing.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from merx.infra.postgres.compiled import compiled

_BEFORE, _AFTER = "with ", " select 1"
_NUMBERED = re.compile(r"\$(\d+)")


class Filled(NamedTuple):
    write: "Write"
    arguments: Sequence[Any]


class Write:
    """`text` is a list of CTEs that write, `name as (insert …), other as (update …)`, with `:name` parameters.

    No other write of the same transaction may have a CTE of the same name, and none sees what another one writes.
    `counted` names the CTE that returns a row for each one written.
    """

    __slots__ = ("_statement", "counted")

    def __init__(self, text: str, counted: str = "") -> None:
        self._statement = compiled(f"{_BEFORE}{text.strip()}{_AFTER}")
        self.counted = counted

    @property
    def text(self) -> str:
        return self._statement.sql[len(_BEFORE) : -len(_AFTER)]

    def filled(self, **params: Any) -> Filled:
        """Raises KeyError for a parameter that nobody gave."""
        return Filled(self, self._statement.arguments(params))


class Pending(NamedTuple):
    """`refused`: what to raise for a violated constraint, by its name. `short`: for fewer rows than `rows`."""

    filled: Filled
    refused: Mapping[str, Exception]
    rows: int
    short: Exception | None


def in_one(pending: Sequence[Pending]) -> tuple[str, list[Any]]:
    """The statement and its arguments. It answers one row: the counts of the writes that are counted, in turn."""
    shapes = tuple((each.filled.write, len(each.filled.arguments)) for each in pending)
    return _statement(shapes), [value for each in pending for value in each.filled.arguments]


def check(pending: Sequence[Pending], counts: Sequence[int]) -> None:
    """Raises what was to be raised for a write that wrote too little."""
    counted = [each for each in pending if each.filled.write.counted]
    for each, count in zip(counted, counts, strict=False):
        if each.short is not None and count < each.rows:
            raise each.short


@lru_cache(maxsize=256)
def _statement(shapes: tuple[tuple[Write, int], ...]) -> str:
    texts, before = [], 0
    for write, arguments in shapes:
        texts.append(_moved(write.text, before))
        before += arguments
    counts = [f"(select count(*) from {write.counted})" for write, _ in shapes if write.counted]  # noqa: S608 - fixed text
    return f"{_BEFORE}{', '.join(texts)} select {', '.join(counts) or '1'}"


def _moved(text: str, places: int) -> str:
    """Parameters are counted through the whole statement."""
    return _NUMBERED.sub(lambda found: f"${int(found[1]) + places}", text)
