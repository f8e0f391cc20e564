"""A device with passkeys, as far as a server can see one: real keys, real signatures, and a knob for each thing that
can be wrong (WebAuthn Level 3, §6).
"""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

ORIGIN = "http://localhost:8000"
# Flags of the authenticator data.
PRESENT, VERIFIED, CAN_BACK_UP, BACKED_UP, HAS_KEY = 1, 4, 8, 16, 64


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(given: str) -> bytes:
    return urlsafe_b64decode(given + "=" * (-len(given) % 4))


@dataclass
class Device:
    """One passkey. `counts`: whether its sign count grows. What can be wrong is set before a ceremony."""

    algorithm: str = "ES256"
    counts: bool = True
    origin: str = ORIGIN
    rp_id: str | None = None
    flags: int = PRESENT | VERIFIED
    sign_count: int = 0
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: bytes = b""
    key: Any = None

    def __post_init__(self) -> None:
        if self.key is None:
            new = ec.generate_private_key(ec.SECP256R1()) if self.algorithm == "ES256" else None
            self.key = new or ed25519.Ed25519PrivateKey.generate()

    def create(self, options: Any, *, attestation: str = "none") -> dict[str, Any]:
        """What `navigator.credentials.create()` gives."""
        self.user_handle = raw(options["user"]["id"])
        key = cbor2.dumps(self._cose())
        attested = bytes(16) + len(self.credential_id).to_bytes(2, "big") + self.credential_id + key
        client = self._client("webauthn.create", options["challenge"])
        data = self._data(options["rp"]["id"], self.flags | HAS_KEY) + attested
        statement = {}
        if attestation == "packed":
            statement = {"alg": self._cose()[3], "sig": self._sign(data + hashlib.sha256(client).digest())}
        attested_object = cbor2.dumps({"fmt": attestation, "attStmt": statement, "authData": data})
        response = {
            "clientDataJSON": text(client),
            "attestationObject": text(attested_object),
            "transports": ["internal"],
        }
        return self._credential(response)

    def get(self, options: Any, **response: Any) -> dict[str, Any]:
        """What `navigator.credentials.get()` gives; `response` replaces parts of it afterwards."""
        self.sign_count += self.counts
        client = self._client("webauthn.get", options["challenge"])
        data = self._data(options["rpId"], self.flags)
        given = {
            "clientDataJSON": text(client),
            "authenticatorData": text(data),
            "signature": text(self._sign(data + hashlib.sha256(client).digest())),
            "userHandle": text(self.user_handle),
        }
        return self._credential(given | response)

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": text(self.credential_id),
            "rawId": text(self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": True}},
            "response": response,
        }

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _data(self, rp_id: str, flags: int) -> bytes:
        digest = hashlib.sha256((self.rp_id or rp_id).encode()).digest()
        return digest + bytes([flags]) + self.sign_count.to_bytes(4, "big")

    def _cose(self) -> dict[int, Any]:
        public = self.key.public_key()
        if self.algorithm == "ES256":
            numbers = public.public_numbers()
            return {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        return {1: 1, 3: -8, -1: 6, -2: public.public_bytes_raw()}

    def _sign(self, message: bytes) -> bytes:
        if self.algorithm == "ES256":
            signature: bytes = self.key.sign(message, ec.ECDSA(hashes.SHA256()))
        else:
            signature = self.key.sign(message)
        return signature
