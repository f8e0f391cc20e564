"""Two whole applications on one database: what is decided about staff in one is felt in the other."""

import asyncio

import pytest
from dependency_injector import providers

from merx.bootstrap.api import create_app
from merx.bootstrap.container import App
from merx.contexts.identity.adapters.passwords import Argon2Passwords
from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.role import OWNER
from merx.infra.settings import Settings
from tests.support.asgi import AsgiClient

AUTH = "/api/v1/auth"
PASSWORD = "correct horse battery"


async def signed_in(app: App, client: AsgiClient, email: str, roles=()) -> tuple[str, dict[str, str]]:
    identity = app.contexts.identity
    identity.passwords.override(providers.Object(Argon2Passwords(memory_kib=64, time_cost=1)))
    account_id = await identity.ensure_account()(email, "Somebody", AccountKind.staff, (), PASSWORD, roles)
    answer = await client.post(f"{AUTH}/login", json={"email": email, "password": PASSWORD})
    return str(account_id), {"authorization": f"Bearer {answer.json()['access_token']}"}


async def until(client: AsgiClient, headers: dict[str, str], status: int) -> None:
    async with asyncio.timeout(1):
        while (await client.get(f"{AUTH}/roles", headers=headers)).status != status:
            await asyncio.sleep(0.005)


@pytest.mark.services
async def test_a_role_and_an_account_end_in_another_process_within_a_second(database_url, tmp_path):
    settings = Settings(database_url=database_url, data_dir=str(tmp_path))
    first, second = App(settings), App(settings)
    async with AsgiClient(create_app(settings, first)) as here, AsgiClient(create_app(settings, second)) as there:
        _, owner = await signed_in(first, here, "owner@example.com", (OWNER,))
        clerk_id, clerk = await signed_in(first, here, "clerk@example.com")
        body = {"name": "Reader", "grants": [{"permission": "roles:read"}]}
        role = (await here.post(f"{AUTH}/roles", json=body, headers=owner)).json()["id"]
        assert (await there.get(f"{AUTH}/roles", headers=clerk)).status == 403
        given = await here.request("PATCH", f"{AUTH}/staff/{clerk_id}", json={"roles": [role]}, headers=owner)
        assert given.status == 200
        await until(there, clerk, 200)
        async with asyncio.timeout(5):
            while not second.staff_door._known:  # it listens, and remembers
                await there.get(f"{AUTH}/roles", headers=clerk)
                await asyncio.sleep(0.01)
        emptied = await here.request("PATCH", f"{AUTH}/roles/{role}", json={"grants": []}, headers=owner)
        assert emptied.status == 200
        await until(there, clerk, 403)
        await here.request("PATCH", f"{AUTH}/roles/{role}", json=body, headers=owner)
        await until(there, clerk, 200)
        assert (await here.post(f"{AUTH}/staff/{clerk_id}/disable", headers=owner)).status == 200
        await until(there, clerk, 401)


@pytest.mark.services
async def test_s41_a_process_that_cannot_look_lets_no_staff_in(database_url, tmp_path):
    settings = Settings(database_url=database_url, data_dir=str(tmp_path))
    app = App(settings)
    async with AsgiClient(create_app(settings, app)) as client:
        _, owner = await signed_in(app, client, "owner@example.com", (OWNER,))
    away = App(Settings(database_url="postgresql://nobody@127.0.0.1:9/none", data_dir=str(tmp_path)))
    async with AsgiClient(create_app(away.settings, away)) as client:
        refused = await client.get(f"{AUTH}/permissions", headers=owner)
        assert (refused.status, refused.slug) == (503, "service.unavailable")
