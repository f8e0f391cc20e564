"""S26, S27: what the log shows of a path: ids, words that the shop answered to, and what the router knows."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest
from litestar import Litestar, get, put
from litestar.params import FromPath

from merx.infra.http.middleware import NO_ROUTE
from merx.infra.http.shown_paths import FROM_CACHE, MAX_SHOWN, ShownPaths

ID = "01946a3c-5b1e-7c3a-9d2f-0123456789ab"
CART_TOKEN = "kQ3x-_9vT1sB6mZ8wE4rN0uY2pL7hJ5gD1fC3aX9qV8"
PEOPLE = [
    "+14155559876", "Oddvar Qvistgaard", "odd@example.com", quote("odd@example.com", safe=""), "odd@localhost",
    "ravi@okhdfcbank", CART_TOKEN, "mx_otc_" + "c" * 65, "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2ln", "4155559876",
    # Ids, but for what stands around them.
    f"{ID}@example.com", f"urn:uuid:{ID}", f"{{{ID}}}", f"{ID}\n",
]  # fmt: skip


@get("/users/{user_id:uuid}/orders/{order_id:uuid}")
async def order(user_id: FromPath[UUID], order_id: FromPath[UUID]) -> None: ...


@get("/products/{id_or_slug:str}/variants")
async def variants(id_or_slug: FromPath[str]) -> None: ...


@get("/lists/{share_token:str}")
async def shared_list(share_token: FromPath[str]) -> None: ...


@put("/users/me")
async def me() -> None: ...


@pytest.fixture(scope="module")
def shown() -> ShownPaths:
    routes: Sequence[Any] = Litestar([order, variants, shared_list, me], openapi_config=None).routes
    return ShownPaths(routes)


def test_ids_are_shown(shown: ShownPaths):
    template = "/users/{user_id}/orders/{order_id}"
    for status in (200, 404, 499):
        assert shown(f"/users/{ID}/orders/{ID.upper()}", template, status) == f"/users/{ID}/orders/{ID.upper()}"
    assert shown(f"//users/{ID}//orders/{ID}/", template, 200) == f"/users/{ID}/orders/{ID}"
    assert shown("/users/me/", "/users/me", 200) == "/users/me"


@pytest.mark.parametrize("value", PEOPLE)
def test_s27_what_stands_in_place_of_an_id_is_hidden(shown: ShownPaths, value: str):
    template = "/users/{user_id}/orders/{order_id}"
    assert shown(f"/users/{value}/orders/{ID}", template, 200) == f"/users/[hidden]/orders/{ID}"
    assert shown(f"/users/{ID}/orders/{value}/", template, 404) == f"/users/{ID}/orders/[hidden]"


def test_a_word_is_shown_that_the_shop_answered_to(shown: ShownPaths):
    template = "/products/{id_or_slug}/variants"
    for status, word in (
        (200, "red-shoe"),
        (204, "[hidden]"),
        (304, "red-shoe"),
        (302, "[hidden]"),
        (404, "[hidden]"),
        (500, "[hidden]"),
    ):
        assert shown("/products/red-shoe/variants", template, status) == f"/products/{word}/variants"
    assert shown(f"/products/{ID}/variants", template, 404) == f"/products/{ID}/variants"
    assert shown("/products/red-shoe", FROM_CACHE, 200) == "/products/red-shoe"


def test_s26_a_word_that_is_a_key_is_never_shown(shown: ShownPaths):
    assert shown(f"/lists/{CART_TOKEN}", "/lists/{share_token}", 200) == "/lists/[hidden]"


@pytest.mark.parametrize("value", [*PEOPLE, ID])
def test_s27_without_a_route_only_its_own_words_are_shown(shown: ShownPaths, value: str):
    assert shown(f"/users/{value}/orders/", NO_ROUTE, 404) == "/users/[hidden]/orders/"
    assert shown(f"/{value}", NO_ROUTE, 404) == "/[hidden]"
    assert shown(f"/products//{value}/{{id_or_slug}}", NO_ROUTE, 401) == "/products//[hidden]/[hidden]"


def test_a_path_that_is_not_of_its_template_is_not_shown(shown: ShownPaths):
    template = "/users/{user_id}/orders/{order_id}"
    assert shown("/users/me", template, 200) == template


def test_a_line_has_its_bounds(shown: ShownPaths):
    assert len(shown("/x" * 4000, FROM_CACHE, 200)) == MAX_SHOWN + 1
    assert len(shown("/x" * 4000, NO_ROUTE, 404)) < 5 * MAX_SHOWN
