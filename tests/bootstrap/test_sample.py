"""A shop in memory to try things on."""

from pathlib import Path

import pytest
from dependency_injector import providers

from merx.bootstrap import cli
from merx.bootstrap.sample import SampleShop
from merx.bootstrap.seed import STAFF
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.stage import fresh

FEED = Path(__file__).parents[1] / "data" / "feed-mixed.jsonl"


async def test_it_is_filled_before_it_serves():
    shop = new_app()
    shop.contexts.identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
    async with AsgiClient(fresh(shop.settings, SampleShop(shop, FEED))) as client:
        listed = (await client.get("/api/v1/products?in_stock=true")).json()["items"]
        assert "lamp" in {word for product in listed for word in product["slug"].split("-")}
        found = (await client.get("/api/v1/search/products?q=lamp")).json()
        assert found["total"] == 1
        login = {"email": STAFF.email, "password": STAFF.password}
        token = (await client.post("/api/v1/auth/login", json=login)).json()["access_token"]
        me = await client.get("/api/v1/users/me", headers={"authorization": f"Bearer {token}"})
        assert me.json()["kind"] == "staff"


@pytest.mark.parametrize("command", [["serve", "--sample"], ["seed"]])
def test_only_where_it_fits(command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("MERX_STORAGE", "postgres" if "--sample" in command else "memory")
    assert cli.main(command) == 1
    said = capsys.readouterr().err
    assert "MERX_STORAGE=memory" in said
    assert "merx seed" in said or "merx serve --sample" in said
