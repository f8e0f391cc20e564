"""Where parcels go: a zone is some countries, a part of one country, or the rest of the world."""

from typing import Annotated

import msgspec

from merx.contexts.shipping.domain.errors import InvalidZone
from merx.kernel.address import CountryCode
from merx.kernel.errors import FieldError
from merx.kernel.model import Entity

PostalPrefix = Annotated[str, msgspec.Meta(min_length=1, max_length=10, pattern=r"^[A-Za-z0-9 -]+\Z")]
Countries = Annotated[list[CountryCode], msgspec.Meta(max_length=250)]
PostalPrefixes = Annotated[list[PostalPrefix], msgspec.Meta(max_length=2000)]

_COUNTRY_ONLY = 1
_REST_OF_WORLD = 0


def normal_postal_code(text: str) -> str:
    """As codes are compared: upper case, without spaces and hyphens (`SW1A 1AA`, `12345-6789`, `560 001`)."""
    return text.upper().replace(" ", "").replace("-", "")


class Zone(Entity):
    """No countries means everywhere that no other zone names. Prefixes narrow a zone of exactly one country."""

    name: str
    countries: list[str]
    postal_prefixes: list[str]

    def settle(self) -> None:
        """Put the zone into its stored form. Raises InvalidZone."""
        self.countries = sorted(set(self.countries))
        self.postal_prefixes = sorted({normal_postal_code(prefix) for prefix in self.postal_prefixes} - {""})
        if self.postal_prefixes and len(self.countries) != 1:
            raise InvalidZone(
                "postal codes mean something inside one country only",
                fields=(FieldError("postal_prefixes", "need exactly one country"),),
            )

    def rank(self, country: str, postal_code: str) -> int | None:
        """How closely the zone fits a place, None when it does not. `postal_code` is in its normal form."""
        if not self.countries:
            return _REST_OF_WORLD
        if country not in self.countries:
            return None
        if not self.postal_prefixes:
            return _COUNTRY_ONLY
        fitting = [len(prefix) for prefix in self.postal_prefixes if postal_code.startswith(prefix)]
        return _COUNTRY_ONLY + max(fitting) if fitting else None
