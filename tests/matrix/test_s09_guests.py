"""A guest's cart or order opens for its own token, and for nothing that can be found out or counted up to."""

import base64
import inspect
import itertools
import math
from collections.abc import Iterator
from uuid import UUID

import pytest

from merx.contexts.orders.domain.number import new_number
from merx.infra.guest_tokens import GuestTokens
from merx.kernel.ids import new_id
from tests.matrix.people import Person
from tests.matrix.shop import BASE, Shop
from tests.support.asgi import Answer

pytestmark = pytest.mark.asyncio(loop_scope="session")

BITS = 128


def _tokens(shop: Shop) -> GuestTokens:
    tokens: GuestTokens = shop.app.infra.guest_tokens()
    return tokens


def _raw(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


async def _order(shop: Shop, order_id: object, headers: dict[str, str]) -> Answer:
    return await shop.send("GET", f"{BASE}/orders/{order_id}", None, headers)


async def test_s09_a_token_has_more_than_128_bits_that_nobody_can_compute(shop: Shop):
    tokens = _tokens(shop)
    subjects = [new_id() for _ in range(500)]
    made = [_raw(tokens.issue("order", each)) for each in subjects]
    assert {len(each) * 8 for each in made} == {256}
    assert len({each[: BITS // 8] for each in made}) == len(made)
    # Without the shop's secret the same things have other tokens.
    other = GuestTokens(b"another secret of thirty-two bytes")
    assert not any(tokens.check("order", each, other.issue("order", each)) for each in subjects)
    # Each bit is one in half of them, as it is when nothing about the thing shows.
    ones = [sum(each[bit // 8] >> bit % 8 & 1 for each in made) for bit in range(256)]
    deviation = math.sqrt(len(made)) / 2
    assert max(abs(count - len(made) / 2) for count in ones) < 6 * deviation


async def test_s09_the_token_of_one_thing_opens_no_other(shop: Shop):
    guest, stranger = shop.guest, shop.stranger
    right = guest.headers["x-order-token"]
    assert (await _order(shop, guest.order["id"], {"x-order-token": right})).status == 200
    wrong = {
        "of another order": stranger.headers["x-order-token"],
        "of the cart": guest.headers["x-cart-token"],
        "of a cart with this id": _tokens(shop).issue("cart", UUID(guest.order["id"])),
        "of an older order of the same guest": _tokens(shop).issue("order", UUID(guest.sent["id"])),
        "cut": right[:-1],
        "longer": right + "A",
        "in other letters": right.swapcase(),
        "nothing": "",
        "the id": guest.order["id"],
        "the number": guest.order["number"],
        "the e-mail": guest.email,
        "twice": f"{right},{right}",
    }
    got = {
        name: (await _order(shop, guest.order["id"], {"x-order-token": token})).status for name, token in wrong.items()
    }
    assert set(got.values()) == {404}, got


def _neighbours(thing: str, near: int = 100) -> Iterator[UUID]:
    """Ids that were made right before and after: the walk that sequential ids invite."""
    middle = UUID(thing).int
    for step in (*range(-near, 0), *range(1, near + 1)):
        yield UUID(int=middle + step)


async def test_s09_a_walk_along_ids_and_numbers_finds_nothing(shop: Shop):
    found = []
    for who in ({}, shop.stranger.headers, shop.other.headers):
        for thing in (shop.guest.order, shop.owner.order):
            for name in [*_neighbours(thing["id"]), thing["number"], thing["id"]]:
                answer = await _order(shop, name, who)
                if answer.status != 404:
                    found.append((str(name), answer.status))
    assert found == []


async def test_s09_no_guest_gets_in_by_number_and_email(shop: Shop):
    """There is no such route: what is written on a parcel opens nothing."""
    for person in (shop.guest, shop.owner):
        for query in (f"number={person.order['number']}&email={person.email}", f"email={person.email}"):
            for headers in ({}, shop.stranger.headers):
                assert (await shop.send("GET", f"{BASE}/orders?{query}", None, headers)).status == 401
            listed = await shop.send("GET", f"{BASE}/orders?{query}", None, shop.other.headers)
            assert listed.json() == {"items": [], "next": None}


async def test_s09_a_merged_cart_forgets_its_token(shop: Shop):
    start, guest = shop.memory.state(), shop.guest
    path = f"{BASE}/carts/{guest.cart['id']}"
    merged = await shop.send(
        "POST", f"{BASE}/carts/merge", {"cart_id": guest.cart["id"]}, shop.owner.headers | _cart_token(guest)
    )
    assert merged.status == 200
    assert (await shop.send("GET", path, None, _cart_token(guest))).status == 404
    # Nobody else takes over what was merged, with the token neither.
    again = await shop.send(
        "POST", f"{BASE}/carts/merge", {"cart_id": guest.cart["id"]}, shop.other.headers | _cart_token(guest)
    )
    assert again.status == 404
    shop.memory.restore(start)


def _cart_token(guest: Person) -> dict[str, str]:
    return {"x-cart-token": guest.headers["x-cart-token"]}


async def test_s09_order_numbers_do_not_count(shop: Shop):
    """Neither tells of the one before, nor how many there are."""
    numbers = [new_number() for _ in range(1000)]
    assert len(set(numbers)) == 1000
    rising = sum(left < right for left, right in itertools.pairwise(numbers))
    assert 400 < rising < 600


async def test_s09_tokens_are_compared_in_constant_time():
    """Measuring this would be noise: the one comparison is the library's."""
    assert "hmac.compare_digest" in inspect.getsource(GuestTokens.check)
