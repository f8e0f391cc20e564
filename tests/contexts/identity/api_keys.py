"""Staff who makes API keys."""

from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.usecases.api_keys import MakeApiKey
from merx.kernel.actor import Actor, ActorKind
from tests.contexts.identity.conftest import PASSWORD

ANYWHERE = "203.0.113.9"


async def holder(shop, *grants, email="sam@example.com"):
    """A member of staff with these rights, who shows all of them."""
    account_id = await shop.container.ensure_account()(email, "Sam", AccountKind.staff, grants, PASSWORD)
    return Actor(kind=ActorKind.staff, account_id=account_id, permissions=frozenset(grants))


async def keeper(shop):
    return await holder(shop, "orders:read", "orders:write", "api-keys:write", email="keeper@example.com")


async def made(shop, *scopes, **more):
    cmd = MakeApiKey(name="till", scopes=scopes or ("orders:read",), **more)
    return await shop.container.look_after_api_keys().make(await keeper(shop), cmd)
