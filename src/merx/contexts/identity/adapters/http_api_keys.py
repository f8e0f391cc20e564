"""API keys over HTTP, for staff."""

from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from merx.contexts.identity.ports.api_keys import ApiKeyQueries, ApiKeyView, OwnApiKeyView
from merx.contexts.identity.usecases.api_keys import ApiKeysHandler, MakeApiKey, RotateApiKey
from merx.infra.http.auth import alive, signed_in, staff
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import Forbidden
from merx.kernel.model import View
from merx.kernel.paging import Page

_READ, _WRITE = staff("api-keys:read"), alive(staff("api-keys:write"))
# A key outlives the sign-in that made it.
_WRITE_FRESH = staff("api-keys:write", fresh=True)


class NewApiKey(View, frozen=True):
    """`key` is shown now and never again."""

    key: str
    api_key: ApiKeyView

    def __repr__(self) -> str:
        return "NewApiKey(***)"


class ApiKeyController(Controller):
    """Without `once`: the answer holds a secret, and answers that can be sent again are stored."""

    path = "/auth/api-keys"
    tags = ["auth"]

    @get("/", guards=[_READ], operation_id="ListApiKeys", summary="All API keys, newest first")
    async def api_keys(
        self, api_key_queries: NamedDependency[ApiKeyQueries], limit: PageLimit = DEFAULT_LIMIT, after: After = None
    ) -> Page[ApiKeyView]:
        return await api_key_queries.page(limit, after)

    @get("/current", guards=[signed_in], operation_id="GetOwnApiKey", summary="The API key of this request")
    async def current(
        self, actor: NamedDependency[Actor], api_key_queries: NamedDependency[ApiKeyQueries]
    ) -> OwnApiKeyView:
        """So that a program can see its scopes and when it needs another key. People get 403."""
        if actor.kind is not ActorKind.api_key or actor.account_id is None:
            raise Forbidden("this is for API keys")
        key = await api_key_queries.one(actor.account_id)
        return OwnApiKeyView(*(getattr(key, name) for name in OwnApiKeyView.__struct_fields__))

    @get("/{key_id:uuid}", guards=[_READ], operation_id="GetApiKey", summary="One API key")
    async def api_key(self, key_id: FromPath[UUID], api_key_queries: NamedDependency[ApiKeyQueries]) -> ApiKeyView:
        return await api_key_queries.one(key_id)

    @post("/", guards=[_WRITE_FRESH], operation_id="MakeApiKey", summary="Make an API key")
    async def make(
        self,
        data: JSONBody[MakeApiKey],
        actor: NamedDependency[Actor],
        look_after_api_keys: NamedDependency[ApiKeysHandler],
        api_key_queries: NamedDependency[ApiKeyQueries],
    ) -> NewApiKey:
        """The scopes are yours or fewer, and stay as they are for the life of the key."""
        key_id, text = await look_after_api_keys.make(actor, data)
        return NewApiKey(text, await api_key_queries.one(key_id))

    @post("/{key_id:uuid}/rotate", guards=[_WRITE_FRESH], operation_id="RotateApiKey", summary="Replace an API key")
    async def rotate(
        self,
        key_id: FromPath[UUID],
        data: JSONBody[RotateApiKey],
        actor: NamedDependency[Actor],
        look_after_api_keys: NamedDependency[ApiKeysHandler],
        api_key_queries: NamedDependency[ApiKeyQueries],
    ) -> NewApiKey:
        """A new key with the same scopes; the old one ends after the overlap."""
        new_id, text = await look_after_api_keys.rotate(actor, key_id, data)
        return NewApiKey(text, await api_key_queries.one(new_id))

    @delete("/{key_id:uuid}", guards=[_WRITE], operation_id="RevokeApiKey", summary="End an API key now")
    async def revoke(
        self,
        key_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        look_after_api_keys: NamedDependency[ApiKeysHandler],
    ) -> None:
        await look_after_api_keys.revoke(actor, key_id)
