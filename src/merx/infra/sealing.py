"""Small secrets that must be read again, encrypted where they are stored.

AES-256-GCM with keys derived from the shop's secret. What was sealed under a former secret can still be opened, and
says that it should be sealed again.
"""

import hashlib
import secrets
from collections.abc import Iterable
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_FORMAT = b"\x01"
_KEY_NAME = 8
_NONCE = 12


class SealBroken(RuntimeError):
    """Sealed under a secret that this shop does not know, or not by us: somebody must look at the settings."""


class Sealer:
    """A sealed text is good for its purpose and owner alone: copied into another row it cannot be opened.

    Format: version, name of the key, nonce, ciphertext with its tag.
    """

    def __init__(self, secret: bytes, former: Iterable[bytes] = ()) -> None:
        self._keys = {_name(each): AESGCM(_derived(each)) for each in (*former, secret)}
        self._current = _name(secret)

    def __repr__(self) -> str:
        return f"Sealer({len(self._keys)} keys)"

    def seal(self, purpose: str, owner: UUID, plain: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return (
            _FORMAT + self._current + nonce + self._keys[self._current].encrypt(nonce, plain, _bound_to(purpose, owner))
        )

    def open(self, purpose: str, owner: UUID, sealed: bytes) -> bytes:
        """Raises SealBroken."""
        name, rest = sealed[1 : 1 + _KEY_NAME], sealed[1 + _KEY_NAME :]
        key = self._keys.get(name)
        if sealed[:1] != _FORMAT or key is None:
            raise SealBroken("sealed under another secret: see MERX_FORMER_SECRETS_FILE")
        try:
            return key.decrypt(rest[:_NONCE], rest[_NONCE:], _bound_to(purpose, owner))
        except (InvalidTag, ValueError) as error:
            raise SealBroken("not sealed by this shop for this owner") from error

    def outdated(self, sealed: bytes) -> bool:
        """Whether it was sealed under a former secret."""
        return sealed[1 : 1 + _KEY_NAME] != self._current


def _derived(secret: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"merx sealing v1").derive(secret)


def _name(secret: bytes) -> bytes:
    return hashlib.sha256(b"merx sealing key name\0" + _derived(secret)).digest()[:_KEY_NAME]


def _bound_to(purpose: str, owner: UUID) -> bytes:
    return f"{purpose}:{owner}".encode()
