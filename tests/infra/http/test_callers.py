"""Who calls, as the frame sees it: the rule of the route, tokens of accounts and of guests, the address."""

import pytest

from merx.infra.settings import Settings
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.infra.http.conftest import PLACE, bearer, refused
from tests.infra.http.toy import Toys
from tests.support.asgi import AsgiClient
from tests.support.stage import staged


class TestCallers:
    async def test_rules(self, client: AsgiClient, toys: Toys):
        order = new_id()
        me, one = "/api/v1/toys/me", f"/api/v1/toys/{order}"
        staff, customer = bearer(toys), bearer(toys, ActorKind.customer)
        writer = bearer(toys, ActorKind.staff, "toys:write")
        refused(await client.get(me), 401, "auth.required")
        assert (await client.get(me)).header("www-authenticate") == "Bearer"
        assert (await client.get(me, headers=customer)).status == 200
        patch = {"json": PLACE}
        refused(await client.request("PATCH", one, **patch), 401, "auth.required")
        refused(await client.request("PATCH", one, headers=customer, **patch), 403, "auth.forbidden")
        refused(await client.request("PATCH", one, headers=staff, **patch), 403, "auth.forbidden")
        assert (await client.request("PATCH", one, headers=writer, **patch)).status == 200
        refused(await client.request("DELETE", one, headers=writer), 403, "auth.forbidden")
        assert (await client.request("DELETE", one, headers=customer)).status == 204

    async def test_guests_prove_with_their_token(self, client: AsgiClient, toys: Toys):
        order = new_id()
        one = f"/api/v1/toys/{order}"
        refused(await client.get(one), 404, "resource.not-found")
        refused(await client.get(one, headers={"x-order-token": "wrong"}), 404, "resource.not-found")
        refused(
            await client.get(one, headers={"x-order-token": toys.guests.issue("order", new_id())}),
            404,
            "resource.not-found",
        )
        assert (await client.get(one, headers={"x-order-token": toys.guests.issue("order", order)})).status == 200

    @pytest.mark.parametrize(
        "value",
        [
            "Bearer",
            "Bearer ",
            "Bearer x",
            "Basic dTpw",
            "bearer a.b.c",
            "Bearer " + "é" * 20,
            "Bearer " + "a" * 9000,
            "",
        ],
    )
    async def test_a_bad_token_is_401_even_where_nobody_is_needed(self, client: AsgiClient, value: str):
        answer = await client.get("/api/v1/toys", headers={"authorization": value})
        refused(answer, 401, "auth.invalid-token")

    @pytest.mark.parametrize(
        ("proxies", "forwarded", "expected"),
        [
            (0, "1.2.3.4", "direct"), (1, "6.6.6.6, 1.2.3.4", "1.2.3.4"), (2, "6.6.6.6, 1.2.3.4, 10.0.0.1", "1.2.3.4"),
            (2, "1.2.3.4", "127.0.0.1"), (1, "not-an-ip", "127.0.0.1"), (1, "", "127.0.0.1"),
            (1, "2001:DB8::1", "2001:db8::1"),
        ],
    )  # fmt: skip
    async def test_s25_the_address_comes_from_own_proxies_only(self, proxies: int, forwarded: str, expected: str):
        settings = Settings(storage="memory", trusted_proxies=proxies)
        answer = await AsgiClient(staged(settings, Toys(settings))).get(
            "/api/v1/toys/client", headers={"x-forwarded-for": forwarded}
        )
        assert answer.json()["id"] == expected
