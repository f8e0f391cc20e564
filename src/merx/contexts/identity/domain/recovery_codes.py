"""Ten codes on a sheet of paper, for the day when the phone is gone."""

import hashlib
import secrets
from typing import Annotated
from uuid import UUID

import msgspec

HOW_MANY = 10
# Without letters that look like others (Crockford's base 32).
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH = 16
_GROUP = 4
_READ_AS = str.maketrans("OIL", "011", " -")

GivenRecoveryCode = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^[0-9A-Za-z -]+\Z")]


def new_recovery_codes() -> tuple[str, ...]:
    """80 random bits each, `7K2M-…` in four groups."""
    return tuple(_new_code() for _ in range(HOW_MANY))


def recovery_digest(account_id: UUID, code: str) -> bytes:
    """What is stored. A code is random, so a fast hash is as good as a slow one; how it was typed does not matter."""
    return hashlib.sha256(account_id.bytes + code.upper().translate(_READ_AS).encode()).digest()


def _new_code() -> str:
    text = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    return "-".join(text[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP))
