"""Staff who makes API keys."""

from merx.contexts.identity.usecases.api_keys import MakeApiKey
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.ids import new_id

STAFF = Actor(
    kind=ActorKind.staff, account_id=new_id(), permissions=frozenset({"orders:read", "orders:write", "api-keys:write"})
)


ANYWHERE = "203.0.113.9"


async def made(shop, *scopes, **more):
    cmd = MakeApiKey(name="till", scopes=scopes or ("orders:read",), **more)
    return await shop.container.look_after_api_keys().make(STAFF, cmd)
