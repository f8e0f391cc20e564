"""From where somebody knocks."""

from typing import Self

import msgspec


class Caller(msgspec.Struct, frozen=True):
    """`address` is the client's IP address, `user_agent` what its program calls itself."""

    address: str
    user_agent: str

    @classmethod
    def of(cls, address: str, user_agent: str) -> Self:
        """Bounded and printable, for both come from outside."""
        return cls(address[:64], "".join(char for char in user_agent if char.isprintable())[:200])
