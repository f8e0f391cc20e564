"""Consents of customers and the screens of staff as a client meets them."""

import pytest

from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.contexts.users.conftest import Town

USERS = "/api/v1/users"
CONSENTS = f"{USERS}/me/consents"
GROUPS = f"{USERS}/groups"


def clerk(town: Town, *permissions: str) -> dict[str, str]:
    return town.bearer(new_id(), ActorKind.staff, *(permissions or ("users:read", "users:write")))


async def test_consents(client, memory_town: Town):
    key = memory_town.bearer(await memory_town.person())
    assert (await client.get(CONSENTS, headers=key)).json() == {"items": [], "next": None}
    body = {"purpose": "marketing_email", "granted": True, "source": "newsletter-footer"}
    given = await client.post(CONSENTS, json=body, headers=key)
    assert given.status == 201
    assert body | given.json() == given.json()
    await client.post(CONSENTS, json={"purpose": "marketing_email", "granted": False}, headers=key)
    now = (await client.get(CONSENTS, headers=key)).json()["items"]
    assert [(each["granted"], each["source"]) for each in now] == [(False, "account")]
    history = (await client.get(f"{CONSENTS}/history", headers=key)).json()["items"]
    assert [each["granted"] for each in history] == [False, True]


@pytest.mark.parametrize(
    "wrong",
    [
        {"purpose": "everything"},
        {"granted": "yes"},
        {"source": "No Spaces"},
        {"at": "2020-01-01T00:00:00Z"},
        {"account_id": str(new_id())},
    ],
)
async def test_s10_nobody_answers_for_others_or_in_the_past(client, memory_town: Town, wrong: dict[str, object]):
    key = memory_town.bearer(await memory_town.person())
    body = {"purpose": "analytics", "granted": True} | wrong
    assert (await client.post(CONSENTS, json=body, headers=key)).status == 400


async def test_staff_finds_and_corrects_people(client, memory_town: Town):
    ada = await memory_town.person()
    await memory_town.person("bob@example.com", "Bob")
    staff = clerk(memory_town)
    found = await client.get(f"{USERS}?q=ADA%40ex&sort=name", headers=staff)
    assert found.status == 200
    assert [each["id"] for each in found.json()["items"]] == [str(ada)]
    here = f"{USERS}/{ada}"
    seen = await client.get(here, headers=staff)
    assert (seen.status, seen.header("etag")) == (200, '"v1"')
    changed = await client.request("PATCH", here, json={"name": "Lady"}, headers=staff | {"if-match": '"v1"'})
    assert (changed.status, changed.json()["name"], changed.header("etag")) == (200, "Lady", '"v2"')
    stale = await client.request("PATCH", here, json={"name": "X"}, headers=staff | {"if-match": '"v1"'})
    assert stale.status == 412
    timeline = await client.get(f"{here}/timeline", headers=staff)
    assert [each["kind"] for each in timeline.json()["items"]] == ["registered"]
    for missing in (f"{USERS}/{new_id()}", f"{USERS}/{new_id()}/timeline"):
        assert (await client.get(missing, headers=staff)).slug == "users.not-found"


async def test_s11_staff_sees_these_fields_and_no_others(client, memory_town: Town):
    ada = await memory_town.person()
    staff = clerk(memory_town, "users:read")
    summary = (await client.get(USERS, headers=staff)).json()["items"][0]
    assert set(summary) == {"id", "email", "name", "kind", "phone", "registered_at"}
    detail = (await client.get(f"{USERS}/{ada}", headers=staff)).json()
    assert set(detail) == set(summary) | {"version", "locale", "birthday", "groups", "consents"}


async def test_groups(client, memory_town: Town):
    ada = await memory_town.person()
    staff = clerk(memory_town)
    made = await client.post(GROUPS, json={"code": "trade", "name": "Trade"}, headers=staff)
    assert (made.status, made.header("etag")) == (201, '"v1"')
    here = f"{GROUPS}/{made.json()['id']}"
    again = await client.post(GROUPS, json={"code": "trade", "name": "Other"}, headers=staff)
    assert (again.status, again.slug) == (409, "users.group-code-taken")
    changed = await client.request("PATCH", here, json={"name": "Bulk"}, headers=staff | {"if-match": '"v1"'})
    assert (changed.status, (await client.get(here, headers=staff)).json()["name"]) == (200, "Bulk")
    member = f"{here}/members/{ada}"
    for _ in range(2):
        assert (await client.request("PUT", member, headers=staff)).status == 204
    found = await client.get(f"{USERS}?group_id={made.json()['id']}", headers=staff)
    assert [each["id"] for each in found.json()["items"]] == [str(ada)]
    assert (await client.get(f"{USERS}/{ada}", headers=staff)).json()["groups"][0]["code"] == "trade"
    assert (await client.request("DELETE", here, headers=staff)).slug == "users.group-in-use"
    assert (await client.request("DELETE", member, headers=staff)).status == 204
    assert (await client.request("DELETE", here, headers=staff)).status == 204
    assert (await client.get(here, headers=staff)).slug == "users.group-not-found"
    assert (await client.get(GROUPS, headers=staff)).json()["items"] == []


READS = [
    ("GET", USERS),
    ("GET", f"{USERS}/{{id}}"),
    ("GET", f"{USERS}/{{id}}/timeline"),
    ("GET", GROUPS),
    ("GET", f"{GROUPS}/{{id}}"),
]
WRITES = [
    ("PATCH", f"{USERS}/{{id}}"),
    ("POST", GROUPS),
    ("PATCH", f"{GROUPS}/{{id}}"),
    ("DELETE", f"{GROUPS}/{{id}}"),
    ("PUT", f"{GROUPS}/{{id}}/members/{{id}}"),
    ("DELETE", f"{GROUPS}/{{id}}/members/{{id}}"),
]


@pytest.mark.parametrize(("method", "path"), [*READS, *WRITES])
async def test_s07_only_staff_with_the_right_comes_in(client, memory_town: Town, method: str, path: str):
    ada = await memory_town.person()
    path = path.format(id=ada)
    json = {"name": "X", "code": "x"} if path == GROUPS else {"name": "X"}
    body = {"json": json} if method in ("POST", "PATCH") else {}
    wrong = "users:read" if (method, path.replace(str(ada), "{id}")) in WRITES else "users:write"
    assert (await client.request(method, path, **body)).status == 401
    assert (await client.request(method, path, headers=memory_town.bearer(ada), **body)).status == 403
    assert (await client.request(method, path, headers=clerk(memory_town, wrong), **body)).status == 403


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=1000000000", "after=x", "sort=id", "kind=admin", "group_id=1", "q=%00"]
)
async def test_s28_a_search_has_bounds(client, memory_town: Town, query: str):
    answer = await client.get(f"{USERS}?{query}", headers=clerk(memory_town))
    assert (answer.status, answer.is_problem) == (400, True)
