"""What people see and change of themselves. Nobody's id is in a path: the token says whose it is."""

from uuid import UUID

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from merx.contexts.users.domain.errors import ProfileNotFound
from merx.contexts.users.ports.queries import AddressView, ConsentView, Me, UsersQueries
from merx.contexts.users.usecases.address_book import (
    ChangeAddress,
    ChangeAddressHandler,
    ReadAddressesHandler,
    RemoveAddressHandler,
    SaveAddress,
    SaveAddressHandler,
)
from merx.contexts.users.usecases.consents import RecordConsent, RecordConsentHandler
from merx.contexts.users.usecases.profiles import ChangeProfile, ChangeProfileHandler, ReadMeHandler
from merx.infra.http.auth import customer, signed_in
from merx.infra.http.once import once
from merx.infra.http.paging import DEFAULT_LIMIT, After, PageLimit
from merx.infra.http.versions import IfMatch, version_of_if_match, versioned
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import Unauthenticated
from merx.kernel.paging import Page


def _own(actor: Actor) -> UUID:
    if actor.account_id is None:
        raise Unauthenticated
    return actor.account_id


def _account(actor: Actor) -> UUID | None:
    if actor.kind is ActorKind.api_key:
        raise ProfileNotFound("an API key has no account: sign in with one")
    return actor.account_id


class MeController(Controller):
    path = "/users/me"
    tags = ("users",)

    @get("/", guards=[signed_in], operation_id="GetMe", summary="The account that is signed in")
    async def me(self, actor: NamedDependency[Actor], read_me: NamedDependency[ReadMeHandler]) -> Response[Me]:
        return versioned(await read_me(_account(actor)))

    @patch("/", guards=[signed_in], operation_id="ChangeMe", summary="Change the own profile")
    async def change(
        self,
        data: JSONBody[ChangeProfile],
        actor: NamedDependency[Actor],
        change_profile: NamedDependency[ChangeProfileHandler],
        if_match: IfMatch = None,
    ) -> Response[Me]:
        return versioned(await change_profile(actor, _account(actor), data, version_of_if_match(if_match)))


class AddressBookController(Controller):
    path = "/users/me/addresses"
    tags = ("users",)

    @get("/", guards=[customer], operation_id="ListMyAddresses", summary="The address book")
    async def list_addresses(
        self,
        actor: NamedDependency[Actor],
        read_addresses: NamedDependency[ReadAddressesHandler],
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[AddressView]:
        return await read_addresses(_own(actor), after, limit)

    @post("/", guards=[customer], operation_id="SaveMyAddress", summary="Add an address", **once())
    async def save(
        self,
        data: JSONBody[SaveAddress],
        actor: NamedDependency[Actor],
        save_address: NamedDependency[SaveAddressHandler],
    ) -> Response[AddressView]:
        return versioned(await save_address(actor, _own(actor), data), 201)

    @get("/{address_id:uuid}", guards=[customer], operation_id="GetMyAddress", summary="One address")
    async def read(
        self,
        address_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        read_addresses: NamedDependency[ReadAddressesHandler],
    ) -> Response[AddressView]:
        return versioned(await read_addresses.one(_own(actor), address_id))

    @patch("/{address_id:uuid}", guards=[customer], operation_id="ChangeMyAddress", summary="Change an address")
    async def change(
        self,
        address_id: FromPath[UUID],
        data: JSONBody[ChangeAddress],
        actor: NamedDependency[Actor],
        change_address: NamedDependency[ChangeAddressHandler],
        if_match: IfMatch = None,
    ) -> Response[AddressView]:
        return versioned(await change_address(actor, _own(actor), address_id, data, version_of_if_match(if_match)))

    @delete("/{address_id:uuid}", guards=[customer], operation_id="RemoveMyAddress", summary="Remove an address")
    async def remove(
        self,
        address_id: FromPath[UUID],
        actor: NamedDependency[Actor],
        remove_address: NamedDependency[RemoveAddressHandler],
        if_match: IfMatch = None,
    ) -> None:
        await remove_address(actor, _own(actor), address_id, version_of_if_match(if_match))


class ConsentsController(Controller):
    path = "/users/me/consents"
    tags = ("users",)

    @get("/", guards=[customer], operation_id="ListMyConsents", summary="The answers that count now")
    async def list_consents(
        self, actor: NamedDependency[Actor], users_queries: NamedDependency[UsersQueries]
    ) -> Page[ConsentView]:
        """One for each purpose that the person was ever asked about."""
        return Page(await users_queries.consents(_own(actor)))

    @post("/", guards=[customer], operation_id="RecordMyConsent", summary="Allow or forbid a purpose", **once())
    async def record(
        self,
        data: JSONBody[RecordConsent],
        actor: NamedDependency[Actor],
        record_consent: NamedDependency[RecordConsentHandler],
    ) -> ConsentView:
        """By the person alone: staff in her place is refused."""
        _own(actor)
        return await record_consent(actor, data)

    @get("/history", guards=[customer], operation_id="ListMyConsentHistory", summary="Every answer, newest first")
    async def history(
        self,
        actor: NamedDependency[Actor],
        users_queries: NamedDependency[UsersQueries],
        limit: PageLimit = DEFAULT_LIMIT,
        after: After = None,
    ) -> Page[ConsentView]:
        return await users_queries.consent_history(_own(actor), after, limit)
