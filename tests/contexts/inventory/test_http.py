"""Stock as shoppers and staff meet it."""

from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id

BASE = "/api/v1/inventory"


async def test_shoppers_see_how_many_can_be_sold_staff_sees_where_they_are(client, memory_room):
    variant = await memory_room.variant(5)
    await memory_room.order({variant: 2})
    here = f"{BASE}/variants/{variant}"
    assert (await client.get(here)).json() == {"variant_id": str(variant), "available": 3}
    seen = (await client.get(here, headers=memory_room.staff())).json()
    assert (seen["on_hand"], seen["allocated"], seen["locations"][0]["location"]) == (5, 2, "main")
    # Staff of another department is a visitor here.
    assert (await client.get(here, headers=memory_room.staff("catalog:write"))).json()["available"] == 3
    assert (await client.get(f"{BASE}/variants/{new_id()}")).slug == "inventory.unknown-variant"


async def test_counting(client, memory_room):
    staff, variant = memory_room.staff(), str(await memory_room.variant(5))
    adjusted = await client.post(
        f"{BASE}/adjustments", json={"variant_id": variant, "delta": -2, "reason": "broken"}, headers=staff
    )
    assert (adjusted.status, adjusted.json()["on_hand"]) == (201, 3)
    received = await client.post(f"{BASE}/receipts", json={"variant_id": variant, "quantity": 4}, headers=staff)
    assert received.json()["on_hand"] == 7
    too_much = await client.post(
        f"{BASE}/adjustments", json={"variant_id": variant, "delta": -8, "reason": "r"}, headers=staff
    )
    assert (too_much.status, too_much.slug) == (409, "inventory.below-promised")
    moved = (await client.get(f"{BASE}/movements?variant_id={variant}&limit=2", headers=staff)).json()
    assert [movement["on_hand"] for movement in moved["items"]] == [4, -2]
    assert moved["next"]
    low = (await client.get(f"{BASE}/low-stock?threshold=7", headers=staff)).json()
    assert low["items"] == [{"variant_id": variant, "available": 7}]
    assert (await client.post(f"{BASE}/verify", headers=staff)).json() == []


async def test_locations(client, memory_room):
    staff = memory_room.staff()
    made = await client.post(f"{BASE}/locations", json={"code": "attic", "name": "Attic", "priority": 3}, headers=staff)
    assert (made.status, made.json()["code"]) == (201, "attic")
    again = await client.post(f"{BASE}/locations", json={"code": "attic", "name": "Attic"}, headers=staff)
    assert (again.status, again.slug) == (409, "inventory.location-taken")
    listed = (await client.get(f"{BASE}/locations", headers=staff)).json()
    assert [location["code"] for location in listed] == ["main", "attic"]


async def test_bodies_that_make_no_sense(client, memory_room):
    staff, variant = memory_room.staff(), str(await memory_room.variant(5))
    for path, body in (
        ("adjustments", {"variant_id": variant, "delta": 0, "reason": "r"}),
        ("adjustments", {"variant_id": variant, "delta": 10**8, "reason": "r"}),
        ("adjustments", {"variant_id": variant, "delta": 1}),
        ("adjustments", {"variant_id": variant, "delta": 1, "reason": ""}),
        ("adjustments", {"variant_id": variant, "delta": 1.5, "reason": "r"}),
        ("adjustments", {"variant_id": variant, "delta": 1, "reason": "r", "location_id": str(new_id())}),
        ("adjustments", {"variant_id": "x", "delta": 1, "reason": "r"}),
        ("receipts", {"variant_id": variant, "quantity": 0}),
        ("receipts", {"variant_id": variant, "quantity": -1}),
        ("receipts", {"variant_id": variant, "quantity": 1, "price": 1}),
        ("locations", {"code": "", "name": "x"}),
    ):
        answer = await client.post(f"{BASE}/{path}", json=body, headers=staff)
        assert answer.status in (400, 422), body
        assert answer.is_problem


async def test_doors_that_are_closed(client, memory_room):
    tokens = memory_room.app.infra.access_tokens()
    customer = {"authorization": f"Bearer {tokens.issue(new_id(), ActorKind.customer, ())}"}
    reader = memory_room.staff("inventory:read")
    for method, path, reads in (
        ("POST", "/adjustments", False),
        ("POST", "/receipts", False),
        ("POST", "/locations", False),
        ("GET", "/movements", True),
        ("GET", "/low-stock", True),
        ("GET", "/locations", True),
        ("POST", "/verify", True),
    ):
        body = {} if method == "POST" and not reads else None
        assert (await client.request(method, BASE + path, json=body)).status == 401
        assert (await client.request(method, BASE + path, json=body, headers=customer)).status == 403
        allowed = (await client.request(method, BASE + path, json=body, headers=reader)).status
        assert allowed == (200 if reads else 403), path


async def test_s07_a_right_to_one_location_ends_there(client, memory_room):
    units, attic = await memory_room.variant(5), await memory_room.location("attic")
    variant = str(units)
    main = (await memory_room.queries.locations())[0].id
    keeper = memory_room.staff("inventory:read", f"inventory:write@{attic}")
    for path, body in (
        ("adjustments", {"delta": 1, "reason": "found"}),
        ("receipts", {"quantity": 1}),
    ):
        # Without a location it goes to the first one, which is another.
        for place in ({}, {"location_id": str(main)}, {"location_id": str(new_id())}):
            refused = await client.post(f"{BASE}/{path}", json=body | {"variant_id": variant} | place, headers=keeper)
            assert (refused.status, refused.slug) == (403, "auth.beyond-limit"), (path, place)
        at_home = body | {"variant_id": variant, "location_id": str(attic)}
        assert (await client.post(f"{BASE}/{path}", json=at_home, headers=keeper)).status == 201
    assert await memory_room.numbers(units) == (7, 0, 7)
    reader = memory_room.staff(f"inventory:read@{attic}")
    for place in ("", f"?location_id={main}", f"?location_id={new_id()}"):
        refused = await client.get(f"{BASE}/movements{place}", headers=reader)
        assert (refused.status, refused.slug) == (403, "auth.beyond-limit"), place
    seen = (await client.get(f"{BASE}/movements?location_id={attic}", headers=reader)).json()["items"]
    assert [(movement["location_id"], movement["on_hand"]) for movement in seen] == [(str(attic), 1)] * 2
    # Who may not look elsewhere hears of no other place, also in the answer to a count.
    blind = memory_room.staff(f"inventory:write@{attic}")
    body = {"variant_id": variant, "quantity": 1, "location_id": str(attic)}
    counted = (await client.post(f"{BASE}/receipts", json=body, headers=blind)).json()
    assert (counted["on_hand"], [level["location"] for level in counted["locations"]]) == (3, ["attic"])
    counted = (await client.post(f"{BASE}/receipts", json=body, headers=keeper)).json()
    assert (counted["on_hand"], [level["location"] for level in counted["locations"]]) == (9, ["main", "attic"])
    # A new location is nobody's yet: this takes the right without a limit.
    refused = await client.post(f"{BASE}/locations", json={"code": "b", "name": "B"}, headers=keeper)
    assert (refused.status, refused.slug) == (403, "auth.beyond-limit")
