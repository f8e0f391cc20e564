"""Two whole applications on one database: a key revoked in one is refused by the other."""

import asyncio

import pytest

from merx.bootstrap.api import create_app
from merx.bootstrap.container import App
from merx.contexts.identity.domain.account import AccountKind
from merx.infra.settings import Settings
from merx.kernel.actor import ActorKind
from tests.support.asgi import AsgiClient

KEYS = "/api/v1/auth/api-keys"


@pytest.mark.services
async def test_a_key_revoked_in_one_process_is_refused_by_another_within_a_second(database_url, tmp_path):
    settings = Settings(database_url=database_url, data_dir=str(tmp_path))
    first, second = App(settings), App(settings)
    ensure = first.contexts.identity.ensure_account()
    olga = await ensure("olga@example.com", "Olga", AccountKind.staff, ("*",), "a long passphrase")
    token = first.infra.access_tokens().issue(olga, ActorKind.staff, ["*"])
    staff = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    async with AsgiClient(create_app(settings, first)) as here, AsgiClient(create_app(settings, second)) as there:
        body = b'{"name":"till","scopes":["api-keys:read"]}'
        made = (await here.request("POST", KEYS, headers=staff, body=body)).json()
        program = {"authorization": f"Bearer {made['key']}"}
        async with asyncio.timeout(5):
            while not second.api_key_door._known:
                for client in (here, there):
                    assert (await client.request("GET", KEYS, headers=program)).status == 200
                await asyncio.sleep(0.01)
        gone = await here.request("DELETE", f"{KEYS}/{made['api_key']['id']}", headers=staff)
        assert gone.status == 204
        async with asyncio.timeout(1):
            while (await there.request("GET", KEYS, headers=program)).status != 401:
                await asyncio.sleep(0.005)
        # Written behind the requests, at the latest when the process ends.
        await second.api_key_door.flush()
        seen = (await here.request("GET", f"{KEYS}/{made['api_key']['id']}", headers=staff)).json()
        assert seen["last_used_at"] is not None
