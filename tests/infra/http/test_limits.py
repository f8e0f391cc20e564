"""How much one caller may ask for: by which count, told how, and what is never counted."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from merx.infra.http.route_classes import RouteClass, RouteClasses
from merx.infra.limits.buckets import Ask, Taken
from merx.infra.limits.local import LocalBuckets
from merx.infra.limits.metrics import LIMITED
from merx.infra.limits.redis_buckets import SharedBuckets
from merx.infra.limits.scripts import RedisAway
from merx.infra.settings import Settings
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.infra.http.conftest import KEY, PLACE
from tests.infra.http.toy import MEMORY, Toys
from tests.support.apps import new_app
from tests.support.asgi import Answer, AsgiClient
from tests.support.stage import fresh, staged

FEW = Settings(
    storage="memory",
    rate_limits="on",
    limit_browse=5,
    limit_write=3,
    limit_checkout=2,
    limit_login=2,
    limit_staff=6,
    limit_webhook=4,
    limit_address_factor=2,
)
HERE, THERE = ("192.0.2.1", 1), ("198.51.100.1", 1)


class Asked:
    """Buckets that remember who was asked for."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._kept = LocalBuckets()

    async def take(self, asks: Sequence[Ask]) -> Taken:
        self.names += [name for name, _ in asks]
        return await self._kept.take(asks)


class Limited(Toys):
    def __init__(self, buckets: Any = None) -> None:
        super().__init__(FEW)
        self._buckets = buckets

    def http_parts(self):
        return msgspec.structs.replace(super().http_parts(), buckets=self._buckets)

    def token(self, kind: ActorKind = ActorKind.customer) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens.issue(new_id(), kind, ('toys:write',))}"}


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def toys(asked: Asked) -> Limited:
    return Limited(asked)


@pytest.fixture
def client(toys: Limited) -> AsgiClient:
    return AsgiClient(fresh(FEW, toys), client=HERE)


async def reads(client: AsgiClient, number: int, **options: Any) -> int:
    """How many of so many are answered."""
    answers = [await client.get("/api/v1/toys", **options) for _ in range(number)]
    assert {answer.status for answer in answers} <= {200, 429}
    return sum(answer.status == 200 for answer in answers)


async def write(client: AsgiClient, headers: dict[str, str] | None = None) -> Answer:
    return await client.post("/api/v1/toys", headers=KEY | (headers or {}), json=PLACE)


async def writes(client: AsgiClient, number: int, headers: dict[str, str] | None = None) -> int:
    answers = [await write(client, headers) for _ in range(number)]
    assert {answer.status for answer in answers} <= {201, 429}
    return sum(answer.status == 201 for answer in answers)


async def test_answers_tell_what_is_left(client: AsgiClient):
    answer = await client.get("/api/v1/toys")
    assert [answer.header(f"ratelimit-{name}") for name in ("limit", "remaining", "reset")] == ["10", "9", "6"]


async def test_beyond_the_limit_the_answer_is_429(client: AsgiClient):
    counted = LIMITED.labels("browse")._value.get()
    assert await reads(client, 10) == 10
    answer = await client.get("/api/v1/toys")
    assert (answer.status, answer.slug) == (429, "request.rate-limited")
    assert answer.header("retry-after") == "6"
    assert answer.header("ratelimit-remaining") == "0"
    assert answer.header("ratelimit-limit") == "10"
    assert answer.header("x-content-type-options") == "nosniff"
    assert LIMITED.labels("browse")._value.get() == counted + 1


async def test_accounts_are_counted_apart_and_wherever_they_are(toys: Limited, client: AsgiClient):
    ada, bob = toys.token(), toys.token()
    assert await reads(client, 20, headers=ada) == 5
    assert await reads(client, 20, headers=bob) == 5
    assert await reads(AsgiClient(client.app, client=THERE), 5, headers=ada) == 0
    assert await reads(client, 20) == 10


async def test_browsing_asks_no_other_process(client: AsgiClient, asked: Asked, toys: Limited):
    await reads(client, 3)
    await reads(client, 3, headers=toys.token())
    assert asked.names == []
    await write(client)
    assert asked.names == ["write@192.0.2.1"]


async def test_changes_are_counted_by_account(client: AsgiClient, asked: Asked, toys: Limited):
    assert await writes(client, 10, toys.token()) == 3
    assert all("@" not in name for name in asked.names)


async def test_a_made_up_guest_token_is_no_new_allowance(client: AsgiClient):
    passed = [await writes(client, 1, {"x-cart-token": f"t{number}"}) for number in range(20)]
    assert sum(passed) == 6
    elsewhere = AsgiClient(client.app, client=THERE)
    assert await writes(elsewhere, 20, {"x-cart-token": "of one cart"}) == 3


async def test_staff_has_its_own(client: AsgiClient, toys: Limited):
    assert await reads(client, 20, headers=toys.token(ActorKind.staff)) == 6


async def test_webhooks_wait_for_nobody(client: AsgiClient, asked: Asked):
    statuses = [(await client.post("/api/v1/toys/webhook", body=b"x")).status for _ in range(20)]
    assert statuses.count(200) == 8
    assert asked.names == []


async def test_cached_answers_are_free(client: AsgiClient, toys: Limited):
    statuses = {(await client.get("/api/v1/toys/product")).status for _ in range(200)}
    assert statuses == {200}
    assert toys.product.reads == 1
    first = await AsgiClient(fresh(FEW, Limited()), client=HERE).get("/api/v1/toys/product")
    # A cache on the way would show the allowance of one caller to another.
    assert first.header("ratelimit-limit") is None
    assert await reads(client, 20) == 9


async def test_probes_are_never_limited(client: AsgiClient):
    await reads(client, 20)
    assert {(await client.get("/api/v1/health/live")).status for _ in range(50)} == {200}


async def test_wrong_tokens_cost_as_much_as_browsing(client: AsgiClient):
    statuses = [(await client.get("/api/v1/toys", headers={"authorization": "Bearer x"})).status for _ in range(20)]
    assert (statuses.count(401), statuses.count(429)) == (10, 10)


async def test_a_refused_body_is_not_read(client: AsgiClient):
    assert await writes(client, 6) == 6
    answer = await client.post("/api/v1/toys", headers=KEY, body=b"{" * 5000)
    assert answer.status == 429


async def test_without_redis_changes_are_still_limited():
    class Away:
        async def take(self, _: Sequence[Ask]) -> Taken:
            raise RedisAway

    client = AsgiClient(fresh(FEW, Limited(SharedBuckets(Away(), LocalBuckets()))), client=HERE)
    assert await writes(client, 20) == 6
    assert await reads(client, 20) == 10


async def test_in_development_nobody_is_limited():
    client = AsgiClient(fresh(MEMORY, Toys(MEMORY)), client=HERE)
    answer = await client.get("/api/v1/toys")
    assert answer.header("ratelimit-limit") is None


def test_in_production_everybody_is_limited():
    assert Settings(environment="production").rate_limits_on
    assert not Settings(environment="production", rate_limits="off").rate_limits_on


class TestS25:
    async def test_s25_what_callers_add_to_the_addresses_is_not_believed(self):
        settings = msgspec.structs.replace(FEW, trusted_proxies=1)
        client = AsgiClient(fresh(settings, Limited()), client=("10.0.0.1", 1))
        passed = 0
        for number in range(30):
            hops = f"203.0.113.{number}, 2001:db8::{number}, 192.0.2.1"
            passed += await reads(client, 1, headers={"x-forwarded-for": hops})
        assert passed == 10
        assert await reads(client, 1, headers={"x-forwarded-for": "192.0.2.1, 198.51.100.7"}) == 1

    async def test_s25_without_proxies_the_header_means_nothing(self, client: AsgiClient):
        passed = [await reads(client, 1, headers={"x-forwarded-for": f"203.0.113.{n}"}) for n in range(30)]
        assert sum(passed) == 10

    async def test_s25_a_new_ipv6_address_each_time_is_one_caller(self, client: AsgiClient):
        passed = [await reads(AsgiClient(client.app, client=(f"2001:db8:1:2::{n:x}", 1)), 1) for n in range(30)]
        assert sum(passed) == 10
        assert await reads(AsgiClient(client.app, client=("2001:db8:1:3::1", 1)), 1) == 1


@pytest.mark.parametrize("query", ["limit=1000000000", "limit=-1", "limit=100000", "after=" + "x" * 300])
async def test_s28_pages_cannot_be_made_large(client: AsgiClient, query: str):
    began = time.perf_counter()
    answer = await client.get(f"/api/v1/toys?{query}")
    assert answer.status == 400
    assert time.perf_counter() - began < 0.05


@pytest.fixture(scope="module")
def classes() -> RouteClasses:
    classes = RouteClasses()
    classes.learn(staged(Settings(storage="memory"), new_app()).litestar)
    return classes


class TestRouteClasses:
    @pytest.mark.parametrize(
        ("method", "path", "route_class"),
        [
            ("POST", "/api/v1/auth/login", RouteClass.login),
            ("POST", "/api/v1/auth/login/", RouteClass.login),
            ("POST", "//api/v1//auth/login", RouteClass.login),
            ("POST", "/api/v1/auth/register", RouteClass.login),
            ("POST", "/api/v1/auth/refresh", RouteClass.write),
            ("POST", "/api/v1/orders", RouteClass.checkout),
            ("GET", "/api/v1/orders", None),
            ("POST", "/api/v1/carts", None),
            ("POST", "/nowhere", None),
        ],
    )
    def test_of_the_shop(self, classes: RouteClasses, method: str, path: str, route_class: RouteClass | None):
        assert classes.declared(method, path) == route_class

    async def test_s04_signing_in_is_limited_by_address(self):
        client = AsgiClient(fresh(FEW, new_app()), client=HERE)
        body = {"email": "nobody@example.com", "password": "wrong"}
        statuses = [
            (await client.post("/api/v1/auth/login", json=body | {"email": f"n{n}@example.com"})).status
            for n in range(10)
        ]
        assert (statuses.count(401), statuses.count(429)) == (4, 6)
