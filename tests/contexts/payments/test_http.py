"""Payments as a shopper's client and staff meet them."""

from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id

BASE = "/api/v1/payments"
USD = {"amount": 25_00, "currency": "USD"}


async def test_ways_to_pay(client):
    answer = await client.get(f"{BASE}/methods?amount=2500&currency=USD&country=IN")
    assert answer.json() == [{"code": "cod", "name": "Cash on delivery", "offline": True}]
    for query in (
        "amount=-1&currency=USD&country=IN",
        "amount=1&currency=usd&country=IN",
        "amount=1&currency=XXX&country=IN",
        "amount=1&currency=USD&country=India",
        "amount=99999999999999999999&currency=USD&country=IN",
        "amount=1&currency=USD",
    ):
        answer = await client.get(f"{BASE}/methods?{query}")
        assert answer.status in (400, 422), query
        assert answer.is_problem


async def test_a_courier_s_money(client, memory_till):
    staff = memory_till.staff()
    [payment_id] = map(str, await memory_till.open())
    body = {"payment_id": payment_id, "amount": USD, "reference": "R-1"}
    forgotten = await client.post(f"{BASE}/cod/collections", json=body, headers=staff)
    assert (forgotten.status, forgotten.slug) == (400, "idempotency.key-required")
    # By its receipt, and by its key.
    for key, replayed in (("1", None), ("2", None), ("1", "true")):
        taken = await client.post(f"{BASE}/cod/collections", json=body, headers=staff | {"idempotency-key": key})
        assert taken.header("idempotency-replayed") == replayed
        assert (taken.status, taken.json()["state"], taken.json()["captured"]) == (201, "captured", 25_00)
    staff |= {"idempotency-key": "3"}
    again = await client.post(f"{BASE}/cod/collections", json=body | {"reference": "R-2"}, headers=staff)
    assert (again.status, again.slug) == (409, "payments.wrong-state")
    assert (await client.get(f"{BASE}/{payment_id}", headers=staff)).json()["amount"] == USD
    staff |= {"idempotency-key": "4"}
    unknown = await client.post(f"{BASE}/cod/collections", json=body | {"payment_id": str(new_id())}, headers=staff)
    assert (unknown.status, unknown.slug) == (404, "payments.payment-not-found")


async def test_bodies_that_make_no_sense(client, memory_till):
    staff = memory_till.staff() | {"idempotency-key": "1"}
    [payment_id] = map(str, await memory_till.open())
    good = {"payment_id": payment_id, "amount": USD, "reference": "R-1"}
    for wrong in (
        {"amount": USD | {"amount": 1}},
        {"amount": USD | {"amount": -25_00}},
        {"amount": USD | {"amount": 10**16}},
        {"amount": USD | {"currency": "EUR"}},
        {"amount": USD | {"currency": "US"}},
        {"amount": 25_00},
        {"reference": ""},
        {"reference": "x" * 101},
        {"reference": "a\nb"},
        {"payment_id": "x"},
        {"extra": 1},
    ):
        answer = await client.post(f"{BASE}/cod/collections", json=good | wrong, headers=staff)
        assert answer.status in (400, 422), wrong
        assert answer.is_problem


async def test_doors_that_are_closed(client, memory_till):
    tokens = memory_till.app.infra.access_tokens()
    customer = {"authorization": f"Bearer {tokens.issue(new_id(), ActorKind.customer, ())}"}
    other = memory_till.staff("catalog:write")
    for method, path in (("GET", f"/{new_id()}"), ("POST", "/cod/collections")):
        body = {} if method == "POST" else None
        statuses = [
            (await client.request(method, BASE + path, json=body, headers=headers)).status
            for headers in ({}, customer, other)
        ]
        assert statuses == [401, 403, 403], path


async def test_s07_cash_is_taken_up_to_the_limit_of_a_right(client, memory_till):
    [payment_id] = map(str, await memory_till.open())
    body = {"payment_id": payment_id, "amount": USD, "reference": "R-1"}
    for key, right in enumerate(("payments:write<=USD:2499", "payments:write<=INR:99999999", "payments:write<=USD:0")):
        courier = memory_till.staff(right) | {"idempotency-key": str(key)}
        refused = await client.post(f"{BASE}/cod/collections", json=body, headers=courier)
        assert (refused.status, refused.slug) == (403, "auth.beyond-limit"), right
    denied = memory_till.staff("*", "!payments:write") | {"idempotency-key": "9"}
    answer = await client.post(f"{BASE}/cod/collections", json=body, headers=denied)
    assert (answer.status, answer.slug) == (403, "auth.forbidden")
    courier = memory_till.staff("payments:write<=INR:1,USD:2500") | {"idempotency-key": "10"}
    taken = await client.post(f"{BASE}/cod/collections", json=body, headers=courier)
    assert (taken.status, taken.json()["captured"]) == (201, 25_00)
