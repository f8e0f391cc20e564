"""UUIDv7 identifiers: unique without coordination, ordered by time so that indexes grow at one end (RFC 9562 §5.7)."""

import os
import time
from typing import NewType
from uuid import UUID

ProductId = NewType("ProductId", UUID)
VariantId = NewType("VariantId", UUID)
CategoryId = NewType("CategoryId", UUID)
BrandId = NewType("BrandId", UUID)
CartId = NewType("CartId", UUID)
OrderId = NewType("OrderId", UUID)
PaymentId = NewType("PaymentId", UUID)
AccountId = NewType("AccountId", UUID)
LocationId = NewType("LocationId", UUID)


class _Clock:
    """Milliseconds plus a 12-bit counter, never going backwards within the process."""

    last_ms = 0
    sequence = 0


def new_id() -> UUID:
    """A fresh UUIDv7. Ids of one process sort in the order they were made."""
    now = time.time_ns() // 1_000_000
    if now > _Clock.last_ms:
        _Clock.last_ms = now
        _Clock.sequence = int.from_bytes(os.urandom(2), "big") & 0x7FF
    else:
        _Clock.sequence += 1
        if _Clock.sequence > 0xFFF:
            _Clock.last_ms += 1
            _Clock.sequence = 0
    random = int.from_bytes(os.urandom(8), "big") & 0x3FFF_FFFF_FFFF_FFFF
    value = (_Clock.last_ms << 80) | (0x7 << 76) | (_Clock.sequence << 64) | (0b10 << 62) | random
    return UUID(int=value)
