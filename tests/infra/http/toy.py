"""A small application on the real frame: every kind of route, no context."""

from typing import Annotated, Protocol
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody, RawBody
from litestar.types import Scope

from merx.bootstrap.api import Api, create_app
from merx.infra.cache import ByteCache
from merx.infra.clock import SystemClock
from merx.infra.guest_tokens import GuestTokens
from merx.infra.health import Probe
from merx.infra.http.auth import GuestProof, customer, guest_or_owner, public, signed_in, staff
from merx.infra.http.bodies import accepts
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.infra.http.parts import HttpParts
from merx.infra.http.query import also_takes
from merx.infra.http.responses import CachedBytes
from merx.infra.keys import load_keys
from merx.infra.log_writer import LineWriter
from merx.infra.settings import Settings
from merx.infra.tokens import AccessTokens
from merx.kernel.actor import Actor
from merx.kernel.address import Address
from merx.kernel.errors import Conflict, Invalid, NotFound, RateLimited, StaleVersion, Unavailable
from merx.kernel.model import Command, View
from merx.kernel.money import Money
from merx.kernel.paging import Page, decode_cursor
from merx.kernel.text import Name, Text

Quantity = Annotated[int, msgspec.Meta(ge=1, le=999)]
IdempotencyKey = Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=8, max_length=64)]


class ToyLine(Command):
    variant_id: UUID
    quantity: Quantity


class PlaceToy(Command):
    name: Name
    lines: Annotated[list[ToyLine], msgspec.Meta(min_length=1, max_length=50)]
    total: Money
    address: Address | None = None
    note: Text | msgspec.UnsetType = msgspec.UNSET


class ToyView(View):
    id: str
    name: str


class PlacesToys(Protocol):
    """A dependency type that isinstance refuses."""

    async def __call__(self, actor: Actor, data: PlaceToy) -> ToyView: ...


class PlaceToyHandler:
    async def __call__(self, actor: Actor, data: PlaceToy) -> ToyView:
        return ToyView("1", data.name)


class Product(msgspec.Struct):
    price: int = 100
    reads: int = 0


RAISES: dict[str, Exception] = {
    "conflict": Conflict("no more"),
    "invalid": Invalid("not so"),
    "limited": RateLimited(retry_after=7),
    "away": Unavailable(retry_after=3),
    "stale": StaleVersion(),
    "refused": ConnectionRefusedError(111, "10.1.2.3 refused"),
    "bug": ZeroDivisionError("secret detail"),
    "deep": RecursionError(),
}


class ToyController(Controller):
    path = "/toys"

    @get("/", guards=[public])
    async def listing(
        self, limit: PageLimit = DEFAULT_LIMIT, after: After = None, q: FromQuery[str] = ""
    ) -> Page[ToyView]:
        if after is not None:
            decode_cursor(after, 2)
        return Page([ToyView(str(i), q) for i in range(limit)])

    @get("/{order_id:uuid}", guards=[guest_or_owner])
    async def one(self, order_id: FromPath[UUID], proof: NamedDependency[GuestProof]) -> ToyView:
        if not proof.opens("order", order_id):
            raise NotFound
        return ToyView(str(order_id), "mine")

    @post("/", guards=[public])
    async def place(
        self,
        data: JSONBody[PlaceToy],
        key: IdempotencyKey,
        actor: NamedDependency[Actor],
        place_toy: NamedDependency[PlacesToys],
    ) -> ToyView:
        return await place_toy(actor, data)

    @patch("/{order_id:uuid}", guards=[staff("toys:write")])
    async def change(self, order_id: FromPath[UUID], data: JSONBody[PlaceToy]) -> ToyView:
        if not order_id.int:
            raise NotFound
        return ToyView(str(order_id), data.name)

    @delete("/{order_id:uuid}", guards=[customer])
    async def remove(self, order_id: FromPath[UUID]) -> None:
        if not order_id.int:
            raise NotFound

    @get("/me", guards=[signed_in])
    async def me(self, actor: NamedDependency[Actor]) -> ToyView:
        return ToyView(str(actor.account_id), actor.request_id)

    @get("/raise/{kind:str}", guards=[public])
    async def fail(self, kind: FromPath[str]) -> ToyView:
        raise RAISES.get(kind, NotFound())

    @get("/product", guards=[public], **also_takes("attr."))
    async def product(self, product: NamedDependency[Product]) -> CachedBytes:
        product.reads += 1
        return CachedBytes(b'{"price":%d}' % product.price, ("product:1",), 30)

    @get("/client", guards=[public])
    async def client(self, scope: Scope) -> ToyView:
        return ToyView(scope["state"].get("client", "direct"), "")

    @post("/webhook", guards=[public], status_code=200, **accepts(limit=300_000, media=("*",), raw=True))
    async def webhook(self, body: RawBody) -> ToyView:
        return ToyView(str(len(body)), "")

    @post("/heavy", guards=[staff("toys:write")], **accepts(limit=300_000))
    async def heavy(self, data: JSONBody[PlaceToy]) -> ToyView:
        return ToyView("1", data.name)


class Toys:
    """The container's part."""

    def __init__(self, settings: Settings, *controllers: type[Controller], probes: tuple[Probe, ...] = ()) -> None:
        keys = load_keys(settings)
        self.tokens = AccessTokens(keys.signing, issuer="merx", audience="merx-api", clock=SystemClock())
        self.guests = GuestTokens(keys.secret)
        self.cache = ByteCache(1_000_000)
        self.product = Product()
        self.events: list[str] = []
        self._controllers = controllers or (ToyController,)
        self._probes = probes

    def http_parts(self) -> HttpParts:
        async def start() -> None:
            self.events.append("start")

        async def stop() -> None:
            self.events.append("stop")

        return HttpParts(
            access_tokens=self.tokens,
            guest_tokens=self.guests,
            controllers=self._controllers,
            dependencies={"place_toy": PlaceToyHandler(), "product": self.product},
            probes=self._probes,
            cache=self.cache,
            on_startup=[start],
            on_shutdown=[stop],
        )


MEMORY = Settings(storage="memory")


def toy_app(settings: Settings = MEMORY, toys: Toys | None = None, log: LineWriter | None = None) -> Api:
    return create_app(settings, toys or Toys(settings), log)


__all__ = ["MEMORY", "ToyController", "Toys", "toy_app"]
