"""Shipping as a client meets it."""

import uuid

from merx.kernel.actor import ActorKind

BASE = "/api/v1/shipping"
ALL = ("shipping:read", "shipping:write")


async def test_staff_draws_a_zone_and_anyone_asks_for_it(client, memory_office):
    staff = memory_office.bearer(ActorKind.staff, *ALL)
    zone = await client.post(
        f"{BASE}/zones", json={"name": "Delhi", "countries": ["IN"], "postal_prefixes": ["11"]}, headers=staff
    )
    assert zone.status == 201
    method = await client.post(
        f"{BASE}/methods",
        json={"zone_id": zone.json()["id"], "code": "bike", "name": "By bike", "days_min": 0, "days_max": 1},
        headers=staff,
    )
    assert method.status == 201
    rate = await client.post(
        f"{BASE}/rates",
        json={"method_id": method.json()["id"], "currency": "INR", "tiers": [{"price": 4000}]},
        headers=staff,
    )
    assert rate.status == 201
    assert rate.json() | {"id": 1, "method_id": 1} == {
        "id": 1,
        "version": 1,
        "method_id": 1,
        "currency": "INR",
        "basis": "flat",
        "tiers": [{"price": 4000, "up_to": None}],
        "free_from": None,
    }

    served = await client.get(f"{BASE}/serviceability?country=IN&postal_code=110%20001")
    assert served.json() == {
        "country": "IN",
        "postal_code": "110001",
        "serviceable": True,
        "methods": [{"code": "bike", "name": "By bike", "days_min": 0, "days_max": 1, "currencies": ["INR"]}],
    }
    nowhere = await client.get(f"{BASE}/serviceability?country=IN&postal_code=560001")
    assert nowhere.json()["serviceable"] is False


async def test_if_match(client, memory_office):
    staff = memory_office.bearer(ActorKind.staff, *ALL)
    made = await client.post(f"{BASE}/zones", json={"name": "World"}, headers=staff)
    here = f"{BASE}/zones/{made.json()['id']}"
    tag = made.header("etag")
    assert (await client.get(here, headers=staff)).header("etag") == tag

    changed = await client.request("PATCH", here, json={"name": "Earth"}, headers=staff | {"if-match": tag})
    assert changed.status == 200
    assert changed.json()["version"] == 2
    stale = await client.request("PATCH", here, json={"name": "Mars"}, headers=staff | {"if-match": tag})
    assert (stale.status, stale.slug) == (412, "resource.changed-meanwhile")
    assert (await client.request("DELETE", here, headers=staff | {"if-match": '"nonsense"'})).status == 412
    assert (await client.request("DELETE", here, headers=staff)).status == 204
    assert (await client.get(here, headers=staff)).slug == "shipping.zone-not-found"


async def test_lists(client, memory_office):
    staff = memory_office.bearer(ActorKind.staff, *ALL)
    await memory_office.container.seed_shipping()()
    page = (await client.get(f"{BASE}/zones?limit=3", headers=staff)).json()
    assert len(page["items"]) == 3
    rest = (await client.get(f"{BASE}/zones?limit=3&after={page['next']}", headers=staff)).json()
    assert len(rest["items"]) == 1
    methods = await client.get(f"{BASE}/methods?zone_id={page['items'][0]['id']}", headers=staff)
    assert len(methods.json()["items"]) == 2
    rates = await client.get(f"{BASE}/rates?method_id={methods.json()['items'][0]['id']}", headers=staff)
    assert {item["currency"] for item in rates.json()["items"]} == {"USD", "INR", "EUR"}
    assert (await client.get(f"{BASE}/zones?after=garbage", headers=staff)).status == 400


async def test_only_staff_with_the_right(client, memory_office):
    body = {"name": "World"}
    assert (await client.post(f"{BASE}/zones", json=body)).status == 401
    shopper = memory_office.bearer(ActorKind.customer)
    assert (await client.post(f"{BASE}/zones", json=body, headers=shopper)).status == 403
    reader = memory_office.bearer(ActorKind.staff, "shipping:read")
    assert (await client.post(f"{BASE}/zones", json=body, headers=reader)).status == 403
    assert (await client.get(f"{BASE}/zones", headers=reader)).status == 200


async def test_bad_input(client, memory_office):
    staff = memory_office.bearer(ActorKind.staff, *ALL)
    bad_zones = (
        {},
        {"name": ""},
        {"name": "x", "countries": ["India"]},
        {"name": "x", "countries": "IN"},
        {"name": "x", "surprise": 1},
        {"name": "x\u0000"},
        {"name": "x", "countries": ["IN"], "postal_prefixes": ["56%"]},
    )
    for body in bad_zones:
        answer = await client.post(f"{BASE}/zones", json=body, headers=staff)
        assert (answer.status, answer.is_problem) == (400, True), body
    two = {"name": "x", "countries": ["IN", "LK"], "postal_prefixes": ["56"]}
    answer = await client.post(f"{BASE}/zones", json=two, headers=staff)
    assert (answer.status, answer.slug) == (422, "shipping.invalid-zone")
    assert answer.json()["errors"][0]["field"] == "postal_prefixes"

    rate = {"method_id": str(uuid.uuid4()), "currency": "USD", "tiers": [{"price": 1}]}
    for wrong in ({"tiers": []}, {"tiers": [{"price": -1}]}, {"currency": "usd"}, {"tiers": [{"price": 10**16}]}):
        assert (await client.post(f"{BASE}/rates", json=rate | wrong, headers=staff)).status == 400, wrong
    for wrong in ({}, {"currency": "ZZZ"}, {"basis": "weight", "tiers": [{"price": 1}, {"price": 2}]}):
        assert (await client.post(f"{BASE}/rates", json=rate | wrong, headers=staff)).status == 422, wrong

    for query in (
        "",
        "?country=us",
        "?country=IN%0A",
        "?country=IN&postal_code=%25",
        "?country=IN&postal_code=" + "1" * 20,
    ):
        assert (await client.get(f"{BASE}/serviceability{query}")).status == 400, query
    assert (await client.get(f"{BASE}/zones/not-an-id", headers=staff)).status == 404
