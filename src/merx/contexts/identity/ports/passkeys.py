"""The messages of WebAuthn in their JSON form (Level 3, §5.1), and the port that makes and checks them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Protocol
from uuid import UUID

import msgspec

from merx.contexts.identity.domain.passkey import Passkey
from merx.kernel.model import Command, View

_Base64Url = Annotated[str, msgspec.Meta(min_length=1, max_length=8_192, pattern=r"^[A-Za-z0-9_-]+={0,2}\Z")]
_CredentialId = Annotated[str, msgspec.Meta(min_length=1, max_length=1_400, pattern=r"^[A-Za-z0-9_-]+={0,2}\Z")]
_Word = Annotated[str, msgspec.Meta(min_length=1, max_length=32, pattern=r"^[a-z-]+\Z")]
# What browsers add of their own; nothing here is looked at.
_Extensions = Annotated[
    dict[Annotated[str, msgspec.Meta(max_length=64)], bool | str | dict[str, Any]], msgspec.Meta(max_length=20)
]


class AssertionResponse(Command, frozen=True, rename="camel"):
    client_data_json: _Base64Url = msgspec.field(name="clientDataJSON")
    authenticator_data: _Base64Url
    signature: _Base64Url
    user_handle: _Base64Url | None = None


class PasskeyAssertion(Command, frozen=True, rename="camel"):
    """What `navigator.credentials.get()` gives, as `toJSON()` writes it."""

    id: _CredentialId
    raw_id: _CredentialId
    type: Literal["public-key"]
    response: AssertionResponse
    authenticator_attachment: _Word | None = None
    client_extension_results: _Extensions = {}


class AttestationResponse(Command, frozen=True, rename="camel"):
    """What stands behind `transports` repeats the attestation object for pages and is not looked at."""

    client_data_json: _Base64Url = msgspec.field(name="clientDataJSON")
    attestation_object: _Base64Url
    transports: Annotated[tuple[_Word, ...], msgspec.Meta(max_length=10)] = ()
    authenticator_data: _Base64Url | None = None
    public_key: _Base64Url | None = None
    public_key_algorithm: Literal[-7, -8, -257] | None = None


class PasskeyAttestation(Command, frozen=True, rename="camel"):
    """What `navigator.credentials.create()` gives, as `toJSON()` writes it."""

    id: _CredentialId
    raw_id: _CredentialId
    type: Literal["public-key"]
    response: AttestationResponse
    authenticator_attachment: _Word | None = None
    client_extension_results: _Extensions = {}


class CredentialDescriptor(View, frozen=True):
    id: str
    type: str
    transports: tuple[str, ...] = ()


class RequestOptions(View, frozen=True, rename="camel"):
    """For `navigator.credentials.get()`, through `parseRequestOptionsFromJSON()`."""

    challenge: str
    rp_id: str
    timeout: int
    user_verification: str
    allow_credentials: tuple[CredentialDescriptor, ...] = ()


class RelyingParty(View, frozen=True):
    id: str
    name: str


class PasskeyUser(View, frozen=True, rename="camel"):
    id: str
    name: str
    display_name: str


class KeyParameters(View, frozen=True):
    """`alg` is the number of an algorithm in the registry of COSE."""

    type: str
    alg: int


class AuthenticatorSelection(View, frozen=True, rename="camel"):
    resident_key: str
    require_resident_key: bool
    user_verification: str


class CreationOptions(View, frozen=True, rename="camel"):
    """For `navigator.credentials.create()`, through `parseCreationOptionsFromJSON()`."""

    rp: RelyingParty
    user: PasskeyUser
    challenge: str
    pub_key_cred_params: tuple[KeyParameters, ...]
    timeout: int
    exclude_credentials: tuple[CredentialDescriptor, ...]
    authenticator_selection: AuthenticatorSelection
    attestation: str


class SignedChallenge(View, frozen=True):
    """A challenge of ours that came back: its name and until when it is good."""

    id: UUID
    expires_at: datetime


class Challenges(Protocol):
    """Challenges are computed, not stored, so that strangers fill no table; used ones are marked as spent."""

    def issue(self, purpose: str, account_id: UUID | None, now: datetime) -> bytes:
        """Good for one purpose and one account, None for whoever signs in, for five minutes."""
        ...

    def read(self, purpose: str, account_id: UUID | None, challenge: bytes, now: datetime) -> SignedChallenge:
        """Raises WrongFactor for one that we did not make for this, and for an old one."""
        ...


class NewCredential(View, frozen=True):
    """A key that a device made and showed."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    aaguid: str
    backed_up: bool


class Ceremonies(Protocol):
    """WebAuthn itself. Everything that does not fit raises WrongFactor: origin, domain, presence, signature …"""

    async def creation_options(
        self, challenge: bytes, account_id: UUID, email: str, name: str, held: list[Passkey]
    ) -> CreationOptions: ...

    async def request_options(self, challenge: bytes, held: list[Passkey]) -> RequestOptions:
        """Empty `held`: the device shows what it has for this shop."""
        ...

    def challenge_in(self, client_data: str) -> bytes:
        """The challenge that a device says to answer: check it with Challenges, then give it to `verify_…`."""
        ...

    async def verify_creation(self, given: PasskeyAttestation, challenge: bytes) -> NewCredential:
        """The device has verified its user."""
        ...

    async def verify_request(self, given: PasskeyAssertion, challenge: bytes, passkey: Passkey) -> int:
        """The sign count of the device, which has verified its user. Whether it grew is for the caller to see.

        A device that says whose passkey it is names the account of `passkey`.
        """
        ...

    def credential_id(self, given: PasskeyAssertion) -> bytes: ...
