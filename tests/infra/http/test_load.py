"""A process that is full: who is turned away, how fast, and who still gets in."""

import asyncio
import statistics
from time import perf_counter
from typing import Any

import pytest
from litestar import Controller, get, post
from litestar.params import FromPath

from merx.infra.http.auth import public
from merx.infra.http.bodies import accepts
from merx.infra.http.route_classes import RouteClass, keeps_place, limited
from merx.infra.limits.metrics import SHED
from merx.infra.settings import Settings, SettingsError, load_settings
from tests.infra.http.toy import Toys
from tests.support.asgi import Answer, AsgiClient
from tests.support.stage import fresh

SMALL = Settings(storage="memory", metrics_token="scrape-me-every-15-s", max_in_flight=10, reserved_in_flight=4)


class Held(Controller):
    """Answers when the test lets it."""

    path = "/held"
    go = asyncio.Event()

    @get("/", guards=[public])
    async def page(self) -> str:
        await Held.go.wait()
        return "page"

    @get("/carts/{number:int}/options", guards=[public], **keeps_place())
    async def options(self, number: FromPath[int]) -> str:
        await Held.go.wait()
        return "options"

    @post("/orders", guards=[public], **limited(RouteClass.checkout))
    async def order(self) -> str:
        await Held.go.wait()
        return "order"

    @post("/{number:int}/webhook", guards=[public], **accepts(limit=1000, media=("*",), raw=True))
    async def webhook(self, number: FromPath[int]) -> str:
        await Held.go.wait()
        return "webhook"


@pytest.fixture
async def client() -> AsgiClient:
    Held.go = asyncio.Event()
    return AsgiClient(fresh(SMALL, Toys(SMALL, Held)))


async def sent(client: AsgiClient, number: int, method: str = "GET", path: str = "") -> list[asyncio.Task[Answer]]:
    """So many requests on their way, each as far as it gets."""
    tasks = [asyncio.create_task(client.request(method, f"/api/v1/held{path}")) for _ in range(number)]
    for _ in range(20):
        await asyncio.sleep(0)
    return tasks


async def statuses(tasks: list[asyncio.Task[Answer]]) -> list[int]:
    return [(await task).status for task in tasks]


async def test_beyond_the_bound_callers_are_turned_away_at_once(client: AsgiClient):
    counted = SHED.labels("other")._value.get()
    waiting = await sent(client, 6)
    times = []
    for _ in range(50):
        began = perf_counter()
        answer = await client.get("/api/v1/held")
        times.append(perf_counter() - began)
        assert (answer.status, answer.slug) == (503, "service.unavailable")
        assert answer.header("retry-after") in ("1", "2", "3")
        assert answer.header("x-request-id") == answer.json()["request_id"]
        assert answer.header("content-security-policy")
    assert statistics.median(times) < 0.005
    assert SHED.labels("other")._value.get() == counted + 50
    Held.go.set()
    assert await statuses(waiting) == [200] * 6
    assert (await client.get("/api/v1/held")).status == 200
    assert client.app.metrics.in_flight == 0


async def test_checkout_and_webhooks_have_places_of_their_own(client: AsgiClient):
    pages = await sent(client, 20)
    orders = await sent(client, 2, "POST", "/orders")
    webhooks = await sent(client, 2, "POST", "/7/webhook")
    assert not any(task.done() for task in orders + webhooks)
    too_many = await sent(client, 3, "POST", "/orders")
    assert await statuses(too_many) == [503] * 3
    Held.go.set()
    assert await statuses(orders + webhooks) == [201] * 4
    assert sorted(await statuses(pages)) == [200] * 6 + [503] * 14


async def test_the_floor_is_not_for_those_with_places_only(client: AsgiClient):
    """Checkouts may fill the whole process, pages only their part: then no page gets in."""
    orders = await sent(client, 10, "POST", "/orders")
    assert (await client.get("/api/v1/held")).status == 503
    Held.go.set()
    assert await statuses(orders) == [201] * 10


async def test_a_full_process_is_alive(client: AsgiClient):
    waiting = await sent(client, 10)
    assert (await client.get("/api/v1/health/live")).status == 200
    metrics: Any = await client.get("/metrics", headers={"authorization": f"Bearer {SMALL.metrics_token}"})
    assert b"merx_requests_shed_total" in metrics.body
    Held.go.set()
    await statuses(waiting)


def test_somebody_must_be_able_to_browse():
    with pytest.raises(SettingsError, match="MERX_RESERVED_IN_FLIGHT"):
        load_settings({"MERX_MAX_IN_FLIGHT": "100"})
