"""Profiles and address books as a client meets them."""

import msgspec
import pytest

from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.contexts.users.conftest import HOME, Town

ME = "/api/v1/users/me"
BOOK = f"{ME}/addresses"
ADDRESS = msgspec.to_builtins(HOME)


async def test_people_see_and_change_themselves(client, memory_town: Town):
    ada = await memory_town.person()
    key = memory_town.bearer(ada)
    seen = await client.get(ME, headers=key)
    assert (seen.status, seen.header("etag"), seen.header("cache-control")) == (200, '"v1"', "no-store")
    assert seen.json() == {
        "id": str(ada),
        "version": 1,
        "email": "ada@example.com",
        "email_verified": True,
        "name": "Ada",
        "kind": "customer",
        "permissions": [],
        "phone": "",
        "locale": None,
        "birthday": None,
    }
    change = {"name": "Ada Byron", "phone": "+44 20 7946 0000", "locale": "en-GB", "birthday": "1990-12-10"}
    changed = await client.request("PATCH", ME, json=change, headers=key | {"if-match": '"v1"'})
    assert (changed.status, changed.header("etag")) == (200, '"v2"')
    assert changed.json() | change == changed.json() | {"phone": change["phone"]}
    stale = await client.request("PATCH", ME, json={"name": "X"}, headers=key | {"if-match": '"v1"'})
    assert (stale.status, stale.slug) == (412, "resource.changed-meanwhile")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": ""}, 400),
        ({"name": "A\nB"}, 400),
        ({"phone": "0171 123"}, 400),
        ({"phone": "+0123456789"}, 422),
        ({"locale": "english"}, 400),
        ({"birthday": "yesterday"}, 400),
        ({"birthday": "2999-01-01"}, 422),
        ({"birthday": "1066-10-14"}, 422),
    ],
)
async def test_what_a_profile_cannot_be(client, memory_town: Town, body: dict[str, object], status: int):
    key = memory_town.bearer(await memory_town.person())
    answer = await client.request("PATCH", ME, json=body, headers=key)
    assert (answer.status, answer.is_problem) == (status, True)
    assert answer.json()["errors"][0]["field"] == next(iter(body))


@pytest.mark.parametrize("field", ["id", "email", "kind", "permissions", "version", "registered_at", "email_key"])
async def test_s10_nobody_makes_themselves_somebody_else(client, memory_town: Town, field: str):
    ada = await memory_town.person()
    key = memory_town.bearer(ada)
    before = (await client.get(ME, headers=key)).json()
    answer = await client.request("PATCH", ME, json={"name": "Eve", field: "staff"}, headers=key)
    assert answer.status == 400
    assert (await client.get(ME, headers=key)).json() == before


@pytest.mark.parametrize("field", ["id", "account_id", "version", "created_at"])
async def test_s10_no_address_is_put_into_another_book(client, memory_town: Town, field: str):
    key = memory_town.bearer(await memory_town.person())
    body = {"address": ADDRESS, field: str(new_id())}
    assert (await client.post(BOOK, json=body, headers=key)).status == 400
    assert (await client.get(BOOK, headers=key)).json()["items"] == []


async def test_an_address_book(client, memory_town: Town):
    key = memory_town.bearer(await memory_town.person())
    made = await client.post(BOOK, json={"address": ADDRESS, "label": "Home"}, headers=key)
    assert (made.status, made.header("etag")) == (201, '"v1"')
    home = made.json()
    assert home["lines"] == ["Ada", "1 Market Street", "SAN FRANCISCO, CA 94105", "UNITED STATES"]
    assert (home["default_shipping"], home["default_billing"]) == (True, True)
    here = f"{BOOK}/{home['id']}"
    assert (await client.get(here, headers=key)).json() == home
    changed = await client.request("PATCH", here, json={"label": "Flat"}, headers=key | {"if-match": '"v1"'})
    assert (changed.status, changed.json()["label"], changed.header("etag")) == (200, "Flat", '"v2"')
    stale = await client.request("DELETE", here, headers=key | {"if-match": '"v1"'})
    assert stale.status == 412
    assert (await client.request("DELETE", here, headers=key)).status == 204
    assert (await client.get(here, headers=key)).slug == "users.address-not-found"


async def test_saving_twice_with_one_key_saves_once(client, memory_town: Town):
    key = memory_town.bearer(await memory_town.person()) | {"idempotency-key": "save-my-address-1"}
    answers = [await client.post(BOOK, json={"address": ADDRESS}, headers=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len((await client.get(BOOK, headers=key)).json()["items"]) == 1


async def test_an_address_where_no_parcel_arrives_is_refused(client, memory_town: Town):
    key = memory_town.bearer(await memory_town.person())
    answer = await client.post(BOOK, json={"address": ADDRESS | {"postal_code": "1"}}, headers=key)
    assert (answer.status, answer.slug) == (422, "address.invalid")
    assert answer.json()["errors"][0]["field"] == "address.postal_code"


async def test_s07_ids_of_others_are_no_ids(client, memory_town: Town):
    ada = memory_town.bearer(await memory_town.person())
    bob = memory_town.bearer(await memory_town.person("bob@example.com", "Bob"))
    home = (await client.post(BOOK, json={"address": ADDRESS}, headers=ada)).json()["id"]
    for address_id in (home, new_id()):
        here = f"{BOOK}/{address_id}"
        for answer in (
            await client.get(here, headers=bob),
            await client.request("PATCH", here, json={"label": "Mine"}, headers=bob),
            await client.request("DELETE", here, headers=bob),
        ):
            assert (answer.status, answer.slug) == (404, "users.address-not-found")
    assert (await client.get(f"{BOOK}/{home}", headers=ada)).json()["label"] == ""


async def test_who_may_come_in(client, memory_town: Town):
    nobody = await client.get(ME)
    assert nobody.status == 401
    assert "/api/v1/auth/login" in nobody.json()["detail"]
    assert (await client.get(BOOK)).status == 401
    clerk = memory_town.bearer(await memory_town.person("sam@example.com", "Sam", "staff"), ActorKind.staff)
    assert (await client.get(ME, headers=clerk)).json()["kind"] == "staff"
    assert (await client.get(BOOK, headers=clerk)).status == 403
    gone = memory_town.bearer(new_id())
    assert (await client.get(ME, headers=gone)).slug == "users.not-found"
    assert (await client.post(BOOK, json={"address": ADDRESS}, headers=gone)).status == 404


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1000000000"])
async def test_s28_a_page_has_a_size(client, memory_town: Town, limit: str):
    key = memory_town.bearer(await memory_town.person())
    assert (await client.get(f"{BOOK}?limit={limit}", headers=key)).status == 400
