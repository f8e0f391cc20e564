"""Invariants of rows, said once for each storage."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from merx.infra.memory import MemoryStore
from merx.infra.postgres import Reader, compiled
from merx.kernel.invariants import Invariant


class RowsAre(msgspec.Struct, frozen=True, kw_only=True):
    """`sql` and `memory` find the ids of rows of which the promise is not true; without a limit, that is added."""

    name: str
    promise: str
    sql: str
    memory: Callable[[MemoryStore], Iterable[object]]


def on_postgres(promises: Sequence[RowsAre], reader: Reader) -> list[Invariant]:
    def invariant(each: RowsAre) -> Invariant:
        statement = compiled(f"select broken.id from ({each.sql}) as broken (id) limit :most")  # noqa: S608 - fixed text

        async def broken(most: int) -> list[str]:
            return [str(row[0]) for row in await reader.fetch(statement, most=most)]

        return Invariant(each.name, each.promise, broken)

    return [invariant(each) for each in promises]


def in_memory(promises: Sequence[RowsAre], store: MemoryStore) -> list[Invariant]:
    def invariant(each: RowsAre) -> Invariant:
        async def broken(most: int) -> list[str]:
            return [str(found) for found in each.memory(store)][:most]

        return Invariant(each.name, each.promise, broken)

    return [invariant(each) for each in promises]
