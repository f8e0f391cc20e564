"""Carts over HTTP. Every write answers the whole cart, encoded once."""

from hashlib import blake2b
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter

from merx.contexts.carts.domain.cart import Attempt
from merx.contexts.carts.ports.queries import CartView, ShippingOptionView
from merx.contexts.carts.usecases.access import Visitor
from merx.contexts.carts.usecases.delivery import (
    ChooseShipping,
    ChooseShippingHandler,
    ListShippingOptionsHandler,
    SetAddress,
    SetAddressHandler,
)
from merx.contexts.carts.usecases.edit_lines import (
    AddLine,
    AddLineHandler,
    ChangeLine,
    ChangeLineHandler,
    RemoveLineHandler,
)
from merx.contexts.carts.usecases.merge_carts import MergeCarts, MergeCartsHandler
from merx.contexts.carts.usecases.open_cart import OpenCart, OpenCartHandler, ReadCartHandler
from merx.infra.guest_tokens import GuestTokens
from merx.infra.http.answers import may_answer
from merx.infra.http.auth import GuestProof, customer, guest_or_owner, public
from merx.infra.http.once import once, own_once
from merx.infra.http.responses import Encoded
from merx.infra.http.route_classes import keeps_place
from merx.infra.idempotency.http import REPLAYED, checked_key
from merx.kernel.actor import Actor
from merx.kernel.errors import Unauthenticated
from merx.kernel.paging import Page

_encode = msgspec.json.Encoder().encode

_Currency = Annotated[
    str | None, QueryParameter(pattern=r"^[A-Z]{3}\Z", description="ISO 4217; the shop's own if absent")
]


_Key = Annotated[
    str | None,
    HeaderParameter(name="Idempotency-Key", description="names this attempt: sent again, it counts once"),
]


def _answers(status: int) -> dict[int, ResponseSpec]:
    return {status: ResponseSpec(data_container=CartView, description="The whole cart", generate_examples=False)}


def _encoded(cart: CartView, status: int = 200, *, replayed: bool = False) -> Encoded:
    return Encoded(_encode(cart), status, [REPLAYED] if replayed else None)


def _visitor(actor: Actor, proof: GuestProof, cart_id: UUID) -> Visitor:
    return Visitor(actor, proof.opens("cart", cart_id))


def _attempt(key: str, command: AddLine) -> Attempt:
    return Attempt(key=_digest(checked_key(key).encode()), fingerprint=_digest(_encode(command)))


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=12).hexdigest()


def _customer_id(actor: Actor) -> UUID:
    if actor.customer_id is None:
        raise Unauthenticated
    return actor.customer_id


class CartsController(Controller):
    path = "/carts"
    tags = ("carts",)
    opt = keeps_place()

    @post(
        "/",
        guards=[public],
        operation_id="OpenCart",
        summary="Take a cart; a guest gets its token",
        responses=_answers(201)
        | {200: ResponseSpec(CartView, description="The customer's cart that was there", generate_examples=False)},
        **once(),
    )
    async def open_cart(
        self,
        actor: NamedDependency[Actor],
        open_cart: NamedDependency[OpenCartHandler],
        cart_tokens: NamedDependency[GuestTokens],
        data: JSONBody[OpenCart | None] = None,
    ) -> Encoded:
        cart, new = await open_cart(actor, data or OpenCart())
        if actor.customer_id is None:
            cart = msgspec.structs.replace(cart, token=cart_tokens.issue("cart", cart.id))
        return _encoded(cart, 201 if new else 200)

    @get(
        "/current",
        guards=[customer],
        operation_id="GetCurrentCart",
        summary="The signed-in customer's active cart",
        responses=_answers(200),
        **may_answer(404),
    )
    async def current(
        self,
        actor: NamedDependency[Actor],
        read_cart: NamedDependency[ReadCartHandler],
        currency: _Currency = None,
    ) -> Encoded:
        return _encoded(await read_cart.current(_customer_id(actor), currency))

    @post(
        "/merge",
        guards=[customer],
        operation_id="MergeCarts",
        summary="Keep what was in the cart before signing in",
        status_code=200,
        responses=_answers(200),
        **once(),
    )
    async def merge(
        self,
        data: JSONBody[MergeCarts],
        actor: NamedDependency[Actor],
        proof: NamedDependency[GuestProof],
        merge_carts: NamedDependency[MergeCartsHandler],
    ) -> Encoded:
        return _encoded(await merge_carts(actor, proof.opens("cart", data.cart_id), data))

    @get(
        "/{cart_id:uuid}",
        guards=[guest_or_owner],
        operation_id="GetCart",
        summary="A cart with the prices and stock of this moment",
        responses=_answers(200),
    )
    async def read(
        self,
        cart_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        proof: NamedDependency[GuestProof],
        read_cart: NamedDependency[ReadCartHandler],
    ) -> Encoded:
        return _encoded(await read_cart(_visitor(actor, proof, cart_id), cart_id))

    @post(
        "/{cart_id:uuid}/lines",
        guards=[guest_or_owner],
        operation_id="AddCartLine",
        summary="Put units of a variant into the cart",
        responses=_answers(201),
        **own_once(again="the cart as it is now"),
    )
    async def add_line(
        self,
        cart_id: FromPath[UUID],
        data: JSONBody[AddLine],
        actor: NamedDependency[Actor],
        proof: NamedDependency[GuestProof],
        add_cart_line: NamedDependency[AddLineHandler],
        idempotency_key: _Key = None,
    ) -> Encoded:
        """With an `Idempotency-Key`, sending the same request again adds nothing and answers the cart as it is now."""
        attempt = None if idempotency_key is None else _attempt(idempotency_key, data)
        cart, replayed = await add_cart_line(_visitor(actor, proof, cart_id), cart_id, data, attempt)
        return _encoded(cart, 201, replayed=replayed)

    @patch(
        "/{cart_id:uuid}/lines/{line_id:uuid}",
        guards=[guest_or_owner],
        operation_id="ChangeCartLine",
        summary="Change how many",
        responses=_answers(200),
    )
    async def change_line(
        self,
        cart_id: FromPath[UUID],
        line_id: FromPath[UUID],
        data: JSONBody[ChangeLine],
        actor: NamedDependency[Actor],
        proof: NamedDependency[GuestProof],
        change_cart_line: NamedDependency[ChangeLineHandler],
    ) -> Encoded:
        return _encoded(await change_cart_line(_visitor(actor, proof, cart_id), cart_id, line_id, data))

    @delete(
        "/{cart_id:uuid}/lines/{line_id:uuid}",
        guards=[guest_or_owner],
        operation_id="RemoveCartLine",
        summary="Take a line out",
        status_code=200,
        responses=_answers(200),
    )
    async def remove_line(
        self,
        cart_id: FromPath[UUID],
        line_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        proof: NamedDependency[GuestProof],
        remove_cart_line: NamedDependency[RemoveLineHandler],
    ) -> Encoded:
        return _encoded(await remove_cart_line(_visitor(actor, proof, cart_id), cart_id, line_id))

    @put(
        "/{cart_id:uuid}/address",
        guards=[guest_or_owner],
        operation_id="SetCartAddress",
        summary="Say where the goods and the confirmation go",
        responses=_answers(200),
    )
    async def set_address(
        self,
        cart_id: FromPath[UUID],
        data: JSONBody[SetAddress],
        actor: NamedDependency[Actor],
        proof: NamedDependency[GuestProof],
        set_cart_address: NamedDependency[SetAddressHandler],
    ) -> Encoded:
        return _encoded(await set_cart_address(_visitor(actor, proof, cart_id), cart_id, data))

    @get(
        "/{cart_id:uuid}/shipping-options",
        guards=[guest_or_owner],
        operation_id="ListCartShippingOptions",
        summary="Ways to ship the cart, cheapest first",
        **may_answer(409),
    )
    async def shipping_options(
        self,
        cart_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        proof: NamedDependency[GuestProof],
        list_shipping_options: NamedDependency[ListShippingOptionsHandler],
    ) -> Page[ShippingOptionView]:
        return Page(await list_shipping_options(_visitor(actor, proof, cart_id), cart_id))

    @put(
        "/{cart_id:uuid}/shipping",
        guards=[guest_or_owner],
        operation_id="ChooseCartShipping",
        summary="Choose how the cart is shipped",
        responses=_answers(200),
    )
    async def choose_shipping(
        self,
        cart_id: FromPath[UUID],
        data: JSONBody[ChooseShipping],
        actor: NamedDependency[Actor],
        proof: NamedDependency[GuestProof],
        choose_cart_shipping: NamedDependency[ChooseShippingHandler],
    ) -> Encoded:
        return _encoded(await choose_cart_shipping(_visitor(actor, proof, cart_id), cart_id, data))
