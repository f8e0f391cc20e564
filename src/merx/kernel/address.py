"""A postal address as it is written on a parcel. Orders keep a copy; editing a profile never changes an order."""

import unicodedata
from typing import Annotated, Protocol

import msgspec

from merx.kernel.errors import FieldError, Invalid
from merx.kernel.model import Value
from merx.kernel.text import LINE

_Line = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=LINE)]
_Optional = Annotated[str, msgspec.Meta(max_length=120, pattern=r"^[^\x00-\x1f\x7f]*\Z")]

CountryCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}\Z", description="ISO 3166-1 alpha-2")]
MAX_EMAIL = 254
Email = Annotated[
    str, msgspec.Meta(max_length=MAX_EMAIL, pattern=r"^[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189}\Z")
]


def email_in_one_form(email: str) -> str:
    """The address as it is kept: one letter has one form (RFC 6532 §3.1).

    Else a stranger could take the key of an address that has a `k` with one that has a Kelvin sign, to which no mail
    leads. Some letters become two in that form or as small ones. Raises Invalid when the address is too long then.
    """
    form = unicodedata.normalize("NFC", email.strip())
    if max(len(form), len(email_key(form))) > MAX_EMAIL:
        raise Invalid("the e-mail is too long", fields=(FieldError("email", f"longer than {MAX_EMAIL} characters"),))
    return form


def email_key(email: str) -> str:
    """What makes two addresses the same: no two accounts share it, and rows of guests are found by it.

    Always made here: PostgreSQL has other small letters for some (`Σ` at the end of a word, `İ`). The small letters of
    some capitals come apart, as `ǰ` does, so they are put together once more. A domain counts as the one that mail goes
    to (IDNA): with `ü`, in its form for machines and in wide letters it is the same mailbox.
    """
    key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", email.strip()).lower())
    name, at, domain = key.rpartition("@")
    return key if domain.isascii() else name + at + _domain_of_mail(domain)


def _domain_of_mail(domain: str) -> str:
    """As it is where no mail can go there."""
    try:
        return domain.encode("idna").decode().lower()
    except UnicodeError:
        return domain


class Address(Value, frozen=True):
    name: _Line
    line1: _Line
    city: _Line
    country: CountryCode
    postal_code: Annotated[str, msgspec.Meta(max_length=16, pattern=r"^[A-Za-z0-9 -]*\Z")] = ""
    line2: _Optional = ""
    region: _Optional = ""
    phone: Annotated[str, msgspec.Meta(max_length=20, pattern=r"^[+0-9 ()-]*\Z")] = ""

    def __repr__(self) -> str:
        return "Address(***)"


class InvalidAddress(Invalid):
    slug = "address.invalid"
    title = "No parcel would arrive at this address"


class PostalRules(Protocol):
    """What the posts of the world demand of an address: which parts a country needs, its regions, its postal codes."""

    def settled(self, address: Address) -> Address:
        """The address as it is kept: postal code and region in the country's own spelling.

        Raises InvalidAddress, with fields below `address`.
        """
        ...

    def lines(self, address: Address) -> list[str]:
        """What stands on the label, from top to bottom, in the order of the country."""
        ...
