"""Seals of the audit trail: what nobody can make who has the database alone.

HMAC-SHA256 over the hash of a row, with a key that follows from the secret of the shop. A seal names its key, so rows
that were sealed under a former secret can be proved as long as that one is known (`MERX_FORMER_SECRETS_FILE`).
"""

import hashlib
import hmac
from collections.abc import Iterable

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_KEY_NAME = 8


class TrailSeals:
    """A seal is the name of its key and the code."""

    def __init__(self, secret: bytes, former: Iterable[bytes] = ()) -> None:
        self._keys = {_name(key): key for key in map(_derived, (*former, secret))}
        self._present = _derived(secret)
        self._name = _name(self._present)

    def __repr__(self) -> str:
        return f"TrailSeals({len(self._keys)} keys)"

    def seal(self, digest: bytes) -> bytes:
        return self._name + hmac.digest(self._present, digest, "sha256")

    def fits(self, digest: bytes, seal: bytes) -> bool | None:
        """None when the seal names a key that this shop does not know."""
        key = self._keys.get(seal[:_KEY_NAME])
        return None if key is None else hmac.compare_digest(hmac.digest(key, digest, "sha256"), seal[_KEY_NAME:])


def _derived(secret: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"merx audit seal v1").derive(secret)


def _name(key: bytes) -> bytes:
    return hashlib.sha256(b"merx audit seal key name\0" + key).digest()[:_KEY_NAME]
