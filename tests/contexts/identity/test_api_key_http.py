"""API keys as staff meets them."""

import pytest

from merx.contexts.identity.domain.api_key import new_key_text
from merx.contexts.identity.domain.errors import (
    MoreThanOwn,
)
from merx.contexts.identity.usecases.api_keys import MakeApiKey, RotateApiKey
from merx.infra.http.auth import limits_of
from merx.kernel.actor import WAIVES_STEP_UP, ActorKind
from merx.kernel.ids import new_id
from merx.kernel.money import Money
from merx.kernel.rights import InvalidGrant
from tests.contexts.identity.api_keys import ANYWHERE, holder
from tests.contexts.identity.conftest import PASSWORD, bearer
from tests.support.apps import new_app


class TestHttp:
    @pytest.fixture
    def door(self, memory_shop):
        door = memory_shop.container.api_key_door()
        memory_shop.infra.store().on_invalidate = door.invalidate
        return door

    async def staff(self, client, shop, *permissions):
        maker = await holder(shop, *permissions)
        token = shop.access_tokens.issue(maker.account_id, ActorKind.staff, permissions)
        return {"Authorization": f"Bearer {token}"}

    async def test_from_making_to_revoking(self, client, memory_shop, door):
        staff = await self.staff(client, memory_shop, "api-keys:read", "api-keys:write", "orders:read")
        body = {"name": "till", "scopes": ["orders:read", "api-keys:read"]}
        answer = await client.post("/auth/api-keys", json=body, headers=staff)
        assert answer.status_code == 201
        assert answer.headers["cache-control"] == "no-store"
        key, view = answer.json()["key"], answer.json()["api_key"]
        program = {"Authorization": f"Bearer {key}"}

        listed = await client.get("/auth/api-keys", headers=program)
        assert listed.status_code == 200
        assert listed.json()["items"] == [view]
        assert key not in listed.text
        nobody = await client.get("/users/me", headers=program)
        assert (nobody.status_code, nobody.json()["detail"]) == (404, "an API key has no account: sign in with one")
        one = await client.get(f"/auth/api-keys/{view['id']}", headers=staff)
        assert one.json() == view

        for method, path in (("POST", ""), ("DELETE", f"/{view['id']}"), ("POST", f"/{view['id']}/rotate")):
            refused = await client.request(method, f"/auth/api-keys{path}", json=body, headers=program)
            assert refused.status_code == 403

        rotated = await client.post(f"/auth/api-keys/{view['id']}/rotate", json={}, headers=staff)
        assert rotated.status_code == 201
        again = await client.post(f"/auth/api-keys/{view['id']}/rotate", json={}, headers=staff)
        assert (again.status_code, again.json()["slug"]) == (409, "identity.api-key-over")
        assert (await client.get("/auth/api-keys", headers=program)).status_code == 200

        gone = await client.delete(f"/auth/api-keys/{view['id']}", headers=staff)
        assert (gone.status_code, gone.content) == (204, b"")
        refused = await client.get("/auth/api-keys", headers=program)
        assert (refused.status_code, refused.json()["slug"]) == (401, "identity.invalid-api-key")
        fresh = {"Authorization": f"Bearer {rotated.json()['key']}"}
        assert (await client.get("/auth/api-keys", headers=fresh)).status_code == 200

    async def test_who_may(self, client, memory_shop, door):
        assert (await client.get("/auth/api-keys")).status_code == 401
        reader = await self.staff(client, memory_shop, "api-keys:read")
        body = {"name": "till", "scopes": ["api-keys:read"]}
        assert (await client.post("/auth/api-keys", json=body, headers=reader)).status_code == 403
        await memory_shop.customer("new@example.com")
        tokens = (await client.post("/auth/login", json={"email": "new@example.com", "password": PASSWORD})).json()
        assert (await client.get("/auth/api-keys", headers=bearer(tokens))).status_code == 403

    @pytest.mark.parametrize(
        "change",
        [
            {"scopes": []},
            {"scopes": ["orders"]},
            {"scopes": ["*:*"]},
            {"scopes": ["a:b"] * 51},
            {"name": ""},
            {"expires_in_days": 0},
            {"expires_in_days": 731},
            {"networks": ["x" * 50]},
            {"created_by": str(new_id())},
        ],
    )
    async def test_what_is_refused(self, client, memory_shop, change):
        staff = await self.staff(client, memory_shop, "*")
        body = {"name": "till", "scopes": ["orders:read"]} | change
        answer = await client.post("/auth/api-keys", json=body, headers=staff)
        assert answer.status_code == 400, answer.text

    async def test_what_makes_no_sense_is_refused(self, client, memory_shop):
        staff = await self.staff(client, memory_shop, "*")
        for change, slug in (
            ({"scopes": ["orders:dance"]}, "identity.unknown-permission"),
            ({"networks": ["no network"]}, "identity.wrong-network"),
        ):
            body = {"name": "till", "scopes": ["orders:read"]} | change
            answer = await client.post("/auth/api-keys", json=body, headers=staff)
            assert (answer.status_code, answer.json()["slug"]) == (422, slug)

    async def test_s01_a_made_up_key_is_401_in_every_form(self, client, memory_shop, door):
        for text in (new_key_text(), "mx_sk_", "mx_sk_x", "mx_sk_" + "x" * 3000, "mx_sk_é"):
            answer = await client.get("/auth/api-keys", headers={"Authorization": f"Bearer {text}".encode("latin-1")})
            assert answer.status_code == 401, text
        answer = await client.get("/auth/api-keys", headers={"Authorization": f"Tokens {new_key_text()}"})
        assert answer.status_code == 401


def test_the_catalogue_knows_what_the_routes_ask_for():
    app = new_app()
    found = set(limits_of(app.controllers))
    assert {"orders:read", "orders:write", "catalog:write", "api-keys:write"} <= found
    app.http_parts()
    assert app.infra.permissions().known() == found | {"metrics:read", WAIVES_STEP_UP}


class TestLimits:
    async def test_s07_a_key_inherits_the_limits_of_its_scopes(self, shop):
        clerk = await holder(shop, "payments:write<=INR:500")
        handler = shop.container.look_after_api_keys()
        for scope in ("payments:write", "payments:write<=INR:501", "payments:write<=USD:1", "payments:*", "*"):
            with pytest.raises(MoreThanOwn):
                await handler.make(clerk, MakeApiKey(name="till", scopes=(scope,)))
        key_id, text = await handler.make(clerk, MakeApiKey(name="till", scopes=("payments:write<=INR:400",)))
        actor = await shop.container.api_key_door().actor(text, ANYWHERE)
        assert actor.may("payments:write", amount=Money(400, "INR"))
        assert not actor.may("payments:write", amount=Money(401, "INR"))
        poorer = await holder(shop, "payments:write<=INR:399", email="poor@example.com")
        with pytest.raises(MoreThanOwn):
            await handler.rotate(poorer, key_id, RotateApiKey())

    async def test_limits_that_nobody_asks_for_are_refused(self, shop):
        owner = await holder(shop, "*")
        for scope in ("orders:write<=INR:1", f"payments:write@{new_id()}"):
            with pytest.raises(InvalidGrant):
                await shop.container.look_after_api_keys().make(owner, MakeApiKey(name="x", scopes=(scope,)))
