"""What is stored in memory is nobody else's object."""

from decimal import Decimal
from enum import Enum
from uuid import UUID

import msgspec

from merx.infra.memory import copied
from merx.kernel.money import Money


class Colour(Enum):
    red = "red"


class Inner(msgspec.Struct):
    tags: list[str]


class Frozen(msgspec.Struct, frozen=True):
    inner: Inner
    price: Money


class Outer(msgspec.Struct, kw_only=True):
    frozen: Frozen
    pairs: tuple[Inner, ...]
    by_name: dict[str, list[int]]
    words: set[str]
    colour: Colour = Colour.red
    share: Decimal = Decimal("0.5")
    id: UUID | None = None
    note: str | msgspec.UnsetType = msgspec.UNSET


def outer() -> Outer:
    return Outer(
        frozen=Frozen(Inner(["a"]), Money(1, "USD")),
        pairs=(Inner(["b"]),),
        by_name={"x": [1]},
        words={"w"},
        id=UUID(int=1),
    )


def test_a_copy_is_equal():
    held = outer()
    assert copied(held) == held
    assert copied(held).note is msgspec.UNSET
    assert copied(held).colour is Colour.red


def test_nothing_that_can_change_is_shared():
    held = outer()
    new = copied(held)
    new.frozen.inner.tags.append("changed")
    new.pairs[0].tags.append("changed")
    new.by_name["x"].append(2)
    new.words.add("changed")
    assert held == outer()
