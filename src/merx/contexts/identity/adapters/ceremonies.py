"""WebAuthn through the package of that name, loaded when the first passkey comes."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from merx.contexts.identity.adapters.passkey_challenges import LIFE
from merx.contexts.identity.domain.errors import WrongFactor
from merx.contexts.identity.domain.passkey import Passkey
from merx.contexts.identity.ports.passkeys import (
    CreationOptions,
    NewCredential,
    PasskeyAssertion,
    PasskeyAttestation,
    RequestOptions,
)
from merx.kernel import base64url

T = TypeVar("T")

_TIMEOUT_MS = int(LIFE.total_seconds() * 1000)
# Nothing is made of the make of a device, so none is asked to attest it: what comes is nothing, or its own signature.
# Parsers for the formats of other makes are code that nobody needs.
_FORMATS = frozenset({"none", "packed"})


class _ClientData(msgspec.Struct):
    challenge: str


class WebAuthnCeremonies:
    """Implements Ceremonies. `rp_id` is the domain that passkeys belong to, `origins` the pages that may ask for one.

    Passkeys are discoverable, and the device verifies its user each time. Everything runs in a thread: the package
    takes a moment to load, and keys of strangers are parsed.
    """

    def __init__(self, rp_id: str, rp_name: str, origins: Sequence[str]) -> None:
        self._rp_id = rp_id
        self._rp_name = rp_name
        self._origins = list(origins)

    async def creation_options(
        self, challenge: bytes, account_id: UUID, email: str, name: str, held: list[Passkey]
    ) -> CreationOptions:
        def made() -> Any:
            from webauthn import generate_registration_options
            from webauthn.helpers import options_to_json_dict
            from webauthn.helpers.structs import (
                AuthenticatorSelectionCriteria,
                ResidentKeyRequirement,
                UserVerificationRequirement,
            )

            options = generate_registration_options(
                rp_id=self._rp_id,
                rp_name=self._rp_name,
                user_id=account_id.bytes,
                user_name=email,
                user_display_name=name,
                challenge=challenge,
                timeout=_TIMEOUT_MS,
                authenticator_selection=AuthenticatorSelectionCriteria(
                    resident_key=ResidentKeyRequirement.REQUIRED,
                    user_verification=UserVerificationRequirement.REQUIRED,
                ),
                exclude_credentials=_descriptors(held),
            )
            return options_to_json_dict(options)

        return msgspec.convert(await asyncio.to_thread(made), CreationOptions, strict=False)

    async def request_options(self, challenge: bytes, held: list[Passkey]) -> RequestOptions:
        def made() -> Any:
            from webauthn import generate_authentication_options
            from webauthn.helpers import options_to_json_dict
            from webauthn.helpers.structs import UserVerificationRequirement

            options = generate_authentication_options(
                rp_id=self._rp_id,
                challenge=challenge,
                timeout=_TIMEOUT_MS,
                allow_credentials=_descriptors(held),
                user_verification=UserVerificationRequirement.REQUIRED,
            )
            return options_to_json_dict(options)

        return msgspec.convert(await asyncio.to_thread(made), RequestOptions, strict=False)

    def challenge_in(self, client_data: str) -> bytes:
        try:
            return _decoded(msgspec.json.decode(_decoded(client_data), type=_ClientData).challenge)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise WrongFactor from None

    def credential_id(self, given: PasskeyAssertion) -> bytes:
        return _decoded(given.raw_id)

    async def verify_creation(self, given: PasskeyAttestation, challenge: bytes) -> NewCredential:
        def verified() -> NewCredential:
            from webauthn import verify_registration_response
            from webauthn.helpers import parse_attestation_object

            attested = parse_attestation_object(_decoded(given.response.attestation_object))
            if attested.fmt not in _FORMATS:
                raise WrongFactor
            found = verify_registration_response(
                credential=msgspec.to_builtins(given),
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origins,
                require_user_verification=True,
            )
            return NewCredential(
                found.credential_id,
                found.credential_public_key,
                found.sign_count,
                found.aaguid,
                found.credential_backed_up,
            )

        return await _refusing(verified)

    async def verify_request(self, given: PasskeyAssertion, challenge: bytes, passkey: Passkey) -> int:
        owner = given.response.user_handle
        if owner is not None and _decoded(owner) != passkey.account_id.bytes:
            raise WrongFactor

        def verified() -> int:
            from webauthn import verify_authentication_response

            found = verify_authentication_response(
                credential=msgspec.to_builtins(given),
                expected_challenge=challenge,
                expected_rp_id=self._rp_id,
                expected_origin=self._origins,
                credential_public_key=passkey.public_key,
                # The package looks at the count before the signature. A count is worth telling the owner of when the
                # signature is good, so it is compared where it is written down.
                credential_current_sign_count=0,
                require_user_verification=True,
            )
            return found.new_sign_count

        return await _refusing(verified)


async def _refusing(verify: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(verify)
    except Exception:
        # Parsers of the package raise what the bytes of strangers make them; none of it is a yes.
        raise WrongFactor from None


def _descriptors(held: Sequence[Passkey]) -> list[Any]:
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor

    known = {each.value for each in AuthenticatorTransport}
    return [
        PublicKeyCredentialDescriptor(
            id=each.credential_id,
            transports=[AuthenticatorTransport(name) for name in each.transports if name in known],
        )
        for each in held
    ]


def _decoded(text: str) -> bytes:
    """base64url, with or without padding. Raises WrongFactor."""
    try:
        return base64url.decode(text)
    except ValueError:
        raise WrongFactor from None
