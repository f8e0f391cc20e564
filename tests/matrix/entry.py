"""An entry of the matrix: how to make a request of a route that is right in everything but the caller.

    "GET /api/v1/orders/{order_id}": Entry(lambda shop, person: at(order_id=person.order["id"]), guests=True,
                                           right="orders:read"),

The recipe is called with the shop and the person whose thing is asked for: a customer and, with `guests=True`, a
guest as well. Who must get which answer follows from the rule of the route (`promises.promised`); `differs` says where
reality is another and `because` why.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from tests.matrix.people import Person
from tests.matrix.shop import Shop


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """`headers` are sent by every caller, beside those that say who it is."""

    path: dict[str, str] = {}
    query: dict[str, str] = {}
    body: Any = None
    headers: dict[str, str] = {}

    def on(self, template: str) -> str:
        for name, value in self.path.items():
            template = template.replace(f"{{{name}}}", value)
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        return f"{template}?{query}" if query else template

    def text(self) -> str:
        """Everything that a caller sends, to look for ids in."""
        return msgspec.json.encode((self.path, self.query, self.body, self.headers)).decode()


Recipe = Callable[[Shop, Person], Target | Awaitable[Target]]


def at(body: Any = None, /, **path: Any) -> Target:
    return Target(path={name: str(value) for name, value in path.items()}, body=body)


def nothing(_: Shop, __: Person) -> Target:
    return Target()


def sends(body: Any) -> Recipe:
    """The same body whoever it is about."""
    return lambda _shop, _person: Target(body=body)


def asks(**query: Any) -> Recipe:
    return lambda _shop, _person: Target(query={name: str(value) for name, value in query.items()})


class Entry(msgspec.Struct, frozen=True):
    """`right` is a permission that lets staff and programs in where the rule of the route asks for none."""

    recipe: Recipe = nothing
    guests: bool = False
    right: str = ""
    differs: Mapping[str, int] = {}
    because: str = ""

    def __post_init__(self) -> None:
        if bool(self.differs) != bool(self.because):
            raise ValueError("say because of what it differs")

    async def target(self, shop: Shop, person: Person) -> Target:
        made = self.recipe(shop, person)
        return made if isinstance(made, Target) else await made


Entries = dict[str, Entry]
