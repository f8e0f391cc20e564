"""Roles, staff and invitations over HTTP, as a client meets them."""

import pytest

from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.invitation import PURPOSE
from merx.contexts.identity.domain.role import OWNER
from merx.contexts.identity.events import StaffInvited
from merx.infra.http.auth import Undecided, public, staff
from merx.kernel.ids import new_id
from tests.contexts.identity.conftest import LIMITS, PASSWORD, PERMISSIONS, bearer, signed_in
from tests.contexts.identity.journeys import code

READ = [{"permission": "orders:read"}]


@pytest.fixture
async def shop(memory_shop):
    """What one request changes, the next one feels, as in an application."""
    memory_shop.infra.store().on_invalidate = memory_shop.container.staff_door().invalidate
    memory_shop.permissions.learn({*PERMISSIONS, "staff:read", "roles:read"}, LIMITS)
    return memory_shop


@pytest.fixture
async def owner(client, shop):
    ensure = shop.container.ensure_account()
    await ensure("owner@example.com", "Olga", AccountKind.staff, (), PASSWORD, (OWNER,))
    return bearer(await signed_in(client, "owner@example.com"))


async def member(client, shop, *permissions, email="clerk@example.com"):
    account_id = await shop.staff(email, permissions)
    return account_id, bearer(await signed_in(client, email))


async def test_a_role_is_made_edited_and_removed(client, owner):
    made = await client.post("/auth/roles", json={"name": "Till", "grants": READ}, headers=owner)
    assert (made.status_code, made.headers["etag"]) == (201, '"v1"')
    path = f"/auth/roles/{made.json()['id']}"
    grant = {"permission": "payments:write", "max_amount": [{"amount": 200000, "currency": "INR"}]}
    edited = await client.patch(path, json={"grants": [grant]}, headers=owner | {"If-Match": '"v1"'})
    assert edited.status_code == 200
    (shown,) = edited.json()["grants"]
    assert shown == grant | {"effect": "allow", "locations": None}
    stale = await client.patch(path, json={"name": "Tills"}, headers=owner | {"If-Match": '"v1"'})
    assert stale.status_code == 412
    assert (await client.get(path, headers=owner)).headers["etag"] == '"v2"'
    assert (await client.delete(path, headers=owner)).status_code == 204
    assert (await client.get(path, headers=owner)).status_code == 404
    fixed = await client.patch(f"/auth/roles/{OWNER}", json={"grants": []}, headers=owner)
    assert (fixed.status_code, fixed.json()["slug"]) == (409, "identity.owner-is-fixed")


async def test_everything_that_can_be_granted_is_listed(client, owner):
    listed = {
        each["permission"]: each["limits"] for each in (await client.get("/auth/permissions", headers=owner)).json()
    }
    assert listed["payments:write"] == ["amount"]
    assert listed["inventory:write"] == ["location"]
    assert listed["orders:read"] == []


@pytest.mark.parametrize(
    ("grant", "status", "slug"),
    [
        ({"permission": "orders:dance"}, 422, "identity.unknown-permission"),
        ({"permission": "dances:*"}, 422, "identity.unknown-permission"),
        ({"permission": "orders"}, 400, "request.invalid"),
        ({"permission": "orders:read", "effect": "perhaps"}, 400, "request.invalid"),
        ({"permission": "orders:read", "max_amount": [{"amount": 1, "currency": "INR"}]}, 422, "auth.invalid-grant"),
        ({"permission": "orders:*", "locations": [str(new_id())]}, 422, "auth.invalid-grant"),
        ({"permission": "payments:write", "max_amount": []}, 400, "request.invalid"),
        (
            {"permission": "payments:write", "max_amount": [{"amount": -1, "currency": "INR"}]},
            422,
            "auth.invalid-grant",
        ),
        ({"permission": "orders:read", "role": "owner"}, 400, "request.invalid"),
    ],
)
async def test_s10_grants_that_make_no_sense(client, owner, grant, status, slug):
    for method, path, body in (
        ("POST", "/auth/roles", {"name": "x", "grants": [grant]}),
        ("PATCH", f"/auth/staff/{new_id()}", {"grants": [grant]}),
    ):
        answer = await client.request(method, path, json=body, headers=owner)
        if answer.status_code != 404:
            assert (answer.status_code, answer.json()["slug"]) == (status, slug), path


async def test_a_change_is_felt_with_the_token_that_is_out(client, shop, owner):
    account_id, clerk = await member(client, shop)
    assert (await client.get("/auth/roles", headers=clerk)).status_code == 403
    role = await client.post(
        "/auth/roles", json={"name": "Reader", "grants": [{"permission": "roles:read"}]}, headers=owner
    )
    change = {"roles": [role.json()["id"]]}
    changed = await client.patch(f"/auth/staff/{account_id}", json=change, headers=owner)
    assert [each["name"] for each in changed.json()["roles"]] == ["Reader"]
    assert (await client.get("/auth/roles", headers=clerk)).status_code == 200
    denied = {"grants": [{"permission": "roles:read", "effect": "deny"}]}
    await client.patch(f"/auth/roles/{role.json()['id']}", json=denied, headers=owner)
    assert (await client.get("/auth/roles", headers=clerk)).status_code == 403
    me = (await client.get("/users/me", headers=clerk)).json()
    assert me["permissions"] == ["!roles:read"]


async def test_s02_who_is_disabled_is_refused_with_every_token(client, shop, owner):
    account_id, clerk = await member(client, shop, "roles:read")
    tokens = await signed_in(client, "clerk@example.com")
    assert (await client.get("/auth/roles", headers=clerk)).status_code == 200
    gone = await client.post(f"/auth/staff/{account_id}/disable", headers=owner)
    assert (gone.status_code, gone.json()["status"]) == (200, "disabled")
    for headers in (clerk, bearer(tokens)):
        for path in ("/auth/roles", "/auth/sessions", "/users/me"):
            refused = await client.get(path, headers=headers)
            assert (refused.status_code, refused.json()["slug"]) == (401, "identity.access-ended"), path
    refused = await client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
    assert refused.status_code == 401
    login = {"email": "clerk@example.com", "password": PASSWORD}
    assert (await client.post("/auth/login", json=login)).json()["slug"] == "identity.invalid-credentials"
    listed = await client.get("/auth/staff?status=disabled&q=CLERK", headers=owner)
    assert [each["id"] for each in listed.json()["items"]] == [str(account_id)]
    await client.post(f"/auth/staff/{account_id}/enable", headers=owner)
    assert (await client.get("/auth/roles", headers=clerk)).status_code == 200


async def test_s07_nobody_climbs(client, shop, owner):
    me, clerk = await member(client, shop, "staff:write", "roles:write", "orders:read")
    above = (await client.get("/auth/staff?q=owner", headers=owner)).json()["items"][0]["id"]
    more = [{"permission": "orders:write"}]
    for method, path, body in (
        ("PATCH", f"/auth/staff/{me}", {"grants": more}),
        ("PATCH", f"/auth/staff/{me}", {"roles": [str(OWNER)], "grants": []}),
        ("PATCH", f"/auth/staff/{above}", {"roles": []}),
        ("POST", f"/auth/staff/{above}/disable", None),
        ("POST", "/auth/roles", {"name": "More", "grants": more}),
        ("POST", "/auth/invitations", {"email": "friend@example.com", "roles": [str(OWNER)]}),
    ):
        refused = await client.request(method, path, json=body, headers=clerk)
        assert (refused.status_code, refused.json()["slug"]) == (403, "identity.more-than-own"), (method, path)
    last = await client.post(f"/auth/staff/{above}/disable", headers=owner)
    assert (last.status_code, last.json()["slug"]) == (409, "identity.last-owner")


async def test_an_invitation_from_mail_to_first_sign_in(client, shop, owner):
    role = await client.post("/auth/roles", json={"name": "Reader", "grants": READ}, headers=owner)
    body = {"email": "nina@example.com", "roles": [role.json()["id"]]}
    made = await client.post("/auth/invitations", json=body, headers=owner)
    assert (made.status_code, made.json()["state"]) == (201, "open")
    again = await client.post("/auth/invitations", json=body, headers=owner)
    assert (again.status_code, again.json()["slug"]) == (409, "identity.already-invited")
    path = f"/auth/invitations/{made.json()['id']}"
    resent = await client.post(f"{path}/resend", headers=owner)
    assert (resent.status_code, resent.json()["sendings"]) == (200, 2)
    first, second = [code(shop, PURPOSE, event.code_id) for event in shop.events if isinstance(event, StaffInvited)]
    assert not any(text in resent.text + made.text for text in (first, second))
    accept = {"name": "Nina", "password": PASSWORD}
    refused = await client.post("/auth/invitations/accept", json=accept | {"code": first})
    assert (refused.status_code, refused.json()["slug"]) == (400, "identity.invalid-code")
    assert (await client.post("/auth/invitations/accept", json=accept | {"code": second})).status_code == 204
    replayed = await client.post("/auth/invitations/accept", json=accept | {"code": second})
    assert replayed.json()["slug"] == "identity.invalid-code"
    me = (await client.get("/users/me", headers=bearer(await signed_in(client, "nina@example.com")))).json()
    assert (me["name"], me["kind"], me["permissions"]) == ("Nina", "staff", ["orders:read"])
    (listed,) = (await client.get("/auth/invitations", headers=owner)).json()["items"]
    assert (listed["state"], listed["account_id"]) == ("accepted", me["id"])
    over = await client.delete(path, headers=owner)
    assert (over.status_code, over.json()["slug"]) == (409, "identity.invitation-over")


async def test_s05_the_answer_does_not_tell_whose_address_it_is(client, shop, owner):
    await shop.customer("known@example.com")
    role = await client.post("/auth/roles", json={"name": "Reader", "grants": READ}, headers=owner)
    answers = []
    for email in ("known@example.com", "nobody@example.com"):
        body = {"email": email, "roles": [role.json()["id"]]}
        answer = await client.post("/auth/invitations", json=body, headers=owner)
        shown = answer.json()
        answers.append((answer.status_code, {name: shown[name] for name in shown if name not in ("id", "email")}))
    assert answers[0] == answers[1]


async def test_programs_do_not_look_after_staff(client, shop, owner):
    scopes = ["staff:write", "staff:read", "roles:write"]
    key = (await client.post("/auth/api-keys", json={"name": "p", "scopes": scopes}, headers=owner)).json()["key"]
    program = {"Authorization": f"Bearer {key}"}
    assert (await client.get("/auth/staff", headers=program)).status_code == 200
    for path, body in (("/auth/roles", {"name": "x", "grants": []}), (f"/auth/staff/{new_id()}/disable", None)):
        assert (await client.post(path, json=body, headers=program)).status_code == 403


class _Broken:
    """A connection that fails where the rule looks."""

    @property
    def scope(self):
        raise ZeroDivisionError


def test_s41_a_rule_that_fails_lets_nobody_in():
    with pytest.raises(Undecided):
        staff("orders:read").check(_Broken())
    public.check(_Broken())
