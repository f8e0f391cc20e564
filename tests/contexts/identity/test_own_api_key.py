"""A program asks about the key it shows."""

from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.usecases.api_keys import MakeApiKey
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.ids import new_id
from tests.support.apps import new_app
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

CURRENT = "/api/v1/auth/api-keys/current"


async def test_a_key_sees_its_scopes_and_its_end():
    app = new_app()
    client = AsgiClient(staged(app.settings, app))
    ensure = app.contexts.identity.ensure_account()
    owner_id = await ensure("olga@example.com", "Olga", AccountKind.staff, ("*",), "a long passphrase")
    owner = Actor(kind=ActorKind.staff, account_id=owner_id, permissions=frozenset({"*"}), fresh=True)
    make = MakeApiKey(name="till", scopes=("orders:read",), networks=("127.0.0.0/8", "::1/128"), expires_in_days=30)
    key_id, text = await app.contexts.identity.look_after_api_keys().make(owner, make)
    shown = await client.get(CURRENT, headers={"authorization": f"Bearer {text}"})
    assert shown.status == 200
    told = shown.json()
    assert (told["id"], told["name"], told["scopes"]) == (str(key_id), "till", ["orders:read"])
    assert told["expires_at"] > told["created_at"]
    assert text.startswith(told["prefix"])
    assert text not in shown.body.decode()
    assert set(told) == {"id", "name", "prefix", "scopes", "networks", "created_at", "expires_at"}
    for kind in (ActorKind.staff, ActorKind.customer):
        token = app.infra.access_tokens().issue(new_id(), kind, ("api-keys:read",))
        assert (await client.get(CURRENT, headers={"authorization": f"Bearer {token}"})).status == 403
    assert (await client.get(CURRENT)).status == 401
