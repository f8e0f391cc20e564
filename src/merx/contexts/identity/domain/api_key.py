"""Keys that programs call the shop with."""

import hashlib
import ipaddress
import re
import secrets
import zlib
from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

import msgspec

from merx.contexts.identity.domain.errors import ApiKeyOver, WrongNetwork
from merx.kernel.ids import new_id
from merx.kernel.model import Entity

KEY_PREFIX = "mx_sk_"
# What a list shows of a key: enough to find it in a configuration, 32 random characters short of using it.
SHOWN_CHARACTERS = len(KEY_PREFIX) + 8
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_CHARACTERS = 40
_TEXT = re.compile(rf"{KEY_PREFIX}[0-9A-Za-z]{{{_RANDOM_CHARACTERS}}}[0-9a-f]{{8}}")

Network = Annotated[str, msgspec.Meta(min_length=2, max_length=49, examples=["198.51.100.0/24"])]


def new_key_text() -> str:
    """238 random bits, and a checksum that lets a typing error and a made-up key be refused without a look."""
    body = KEY_PREFIX + "".join(secrets.choice(_LETTERS) for _ in range(_RANDOM_CHARACTERS))
    return body + _checksum(body)


def is_key_text(text: str) -> bool:
    return _TEXT.fullmatch(text) is not None and _checksum(text[:-8]) == text[-8:]


def key_digest(text: str) -> bytes:
    """What is stored. A key is random, so a fast hash is as good as a slow one."""
    return hashlib.sha256(text.encode()).digest()


def checked_networks(networks: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses and networks as they are written down. Raises WrongNetwork."""
    found = []
    for text in networks:
        try:
            found.append(str(ipaddress.ip_network(text.strip())))
        except ValueError:
            raise WrongNetwork(f"{text!r} is no address and no network such as 198.51.100.0/24") from None
    return tuple(sorted(set(found)))


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"


class ApiKey(Entity, kw_only=True):
    """`scopes` are grants as text, fixed for life. `networks`: from where it may be used, empty for anywhere.

    `lineage` is the first of the keys that replaced one another up to this one, None for a key that replaced none.
    """

    name: str
    prefix: str
    digest: bytes
    scopes: tuple[str, ...]
    networks: tuple[str, ...] = ()
    created_by: UUID
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    replaced_by: UUID | None = None
    lineage: UUID | None = None

    @classmethod
    def make(
        cls,
        *,
        name: str,
        scopes: tuple[str, ...],
        networks: tuple[str, ...],
        created_by: UUID,
        now: datetime,
        life: timedelta,
    ) -> tuple[Self, str]:
        """The key and its text, which nobody can make again. Raises WrongNetwork."""
        text = new_key_text()
        key = cls(
            id=new_id(),
            name=name,
            prefix=text[:SHOWN_CHARACTERS],
            digest=key_digest(text),
            scopes=tuple(sorted(set(scopes))),
            networks=checked_networks(networks),
            created_by=created_by,
            created_at=now,
            expires_at=now + life,
        )
        return key, text

    def successor(self, created_by: UUID, now: datetime, overlap: timedelta) -> tuple[Self, str]:
        """A key like this one, which itself ends after `overlap`. Raises ApiKeyOver when it has ended or has one."""
        if self.revoked_at is not None or self.expires_at <= now or self.replaced_by is not None:
            raise ApiKeyOver
        life = self.expires_at - self.created_at
        new, text = self.make(
            name=self.name,
            scopes=self.scopes,
            networks=self.networks,
            created_by=created_by,
            now=now,
            life=life,
        )
        new.lineage = self.lineage or self.id
        self.replaced_by = new.id
        self.expires_at = min(self.expires_at, now + overlap)
        return new, text

    def revoke(self, now: datetime) -> bool:
        """True when that changed something."""
        if self.revoked_at is not None:
            return False
        self.revoked_at = now
        return True
