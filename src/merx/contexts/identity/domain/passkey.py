"""Keys that a device keeps and shows to the right site alone (WebAuthn)."""

from datetime import datetime
from typing import Self
from uuid import UUID

from merx.kernel.ids import new_id
from merx.kernel.model import Entity

MAX_PASSKEYS = 20


class Passkey(Entity, kw_only=True):
    """`public_key` is a COSE key. `sign_count` grows with each use on devices that count; 0 for ever on the others.

    `backed_up`: synchronised between the devices of its owner. `aaguid` names the make of the device.
    """

    account_id: UUID
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    aaguid: str
    transports: tuple[str, ...] = ()
    backed_up: bool = False
    created_at: datetime
    last_used_at: datetime | None = None

    @classmethod
    def register(
        cls,
        *,
        account_id: UUID,
        credential_id: bytes,
        public_key: bytes,
        sign_count: int,
        name: str,
        aaguid: str,
        transports: tuple[str, ...],
        backed_up: bool,
        now: datetime,
    ) -> Self:
        return cls(
            id=new_id(),
            account_id=account_id,
            credential_id=credential_id,
            public_key=public_key,
            sign_count=sign_count,
            name=name,
            aaguid=aaguid,
            transports=transports,
            backed_up=backed_up,
            created_at=now,
        )
