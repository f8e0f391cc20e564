"""Text from outside is bounded and free of control characters, in whatever script it is written."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.kernel.address import Address
from merx.kernel.text import Code, Name, Slug, Text, slugify

HOME = {"name": "Ada Guest", "line1": "1 Market Street", "city": "San Francisco", "country": "US"}
CONTROLS = st.sampled_from([*map(chr, range(32)), "\x7f"])


@given(st.text(max_size=300), st.integers(1, 120))
def test_a_slug_is_empty_or_valid_and_stays_as_it_is(text, limit):
    slug = slugify(text, limit)
    assert len(slug) <= limit
    if slug:
        msgspec.convert(slug, Slug)
    assert slugify(slug, limit) == slug


@pytest.mark.parametrize(
    ("text", "slug"),
    [("Crème brûlée!", "creme-brulee"), ("  USB-C  2m ", "usb-c-2m"), ("日本", ""), ("---", ""), ("A/B", "a-b")],
)
def test_examples_of_slugs(text, slug):
    assert slugify(text) == slug


@given(st.text(max_size=20), CONTROLS, st.text(max_size=20))
def test_control_characters_are_refused_wherever_they_stand(before, control, after):
    for kind in (Name, Code):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(before + control + after, kind)
    for field in HOME.keys() | {"postal_code", "line2", "region", "phone"}:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(HOME | {field: before + control + after}, Address)


def test_a_long_text_may_have_lines_but_no_nul():
    assert msgspec.convert("one\ntwo", Text) == "one\ntwo"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("one\0two", Text)


@pytest.mark.parametrize(("kind", "longest"), [(Name, 200), (Text, 20_000), (Slug, 200), (Code, 64)])
def test_length_is_limited(kind, longest):
    msgspec.convert("a" * longest, kind)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("a" * (longest + 1), kind)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=120).filter(str.strip))
def test_people_write_their_address_in_their_script(line):
    address = msgspec.convert(HOME | {"name": line, "line1": line, "city": line, "region": line}, Address)
    assert msgspec.json.decode(msgspec.json.encode(address), type=Address) == address


@pytest.mark.parametrize("blank", [" ", "   ", "\u00a0", "\u3000"])
def test_a_name_shows_something(blank):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(blank, Name)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**HOME, "name": blank}, Address)
    assert msgspec.convert(f"{blank}a{blank}", Name)
