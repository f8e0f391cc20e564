"""One address has one key, and the beginning of a name has the beginning of its key, whatever the letters."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.contexts.notifications.adapters.rfc5322 import recipient
from merx.kernel.address import email_in_one_form, email_key
from merx.kernel.errors import Invalid
from merx.kernel.text import search_key

LETTERS = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in ("Ll", "Lu", "Lt")]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def one_form(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def capitals(letter: str) -> str:
    """In capitals, where that is the same letter: not `SS` for `ß`."""
    large = letter.upper()
    same = unicodedata.normalize("NFD", large.lower()) == unicodedata.normalize("NFD", letter)
    return large if same else letter


def test_an_address_in_capitals_has_the_same_key_for_every_letter():
    changed = [letter for letter in LETTERS if capitals(letter) != letter]
    apart = [letter for letter in changed if email_key(f"a{capitals(letter)}x@b.de") != email_key(f"a{letter}x@b.de")]
    assert apart == []
    # Letters whose capital is a letter and its marks are among them.
    assert {"\u01f0", "\u0390", "\u03b0", "\u1e96"} <= set(changed)


@given(TEXTS | st.builds("{}@{}".format, TEXTS, TEXTS))
def test_an_address_has_one_key_in_every_form_and_the_key_of_a_key_is_itself(text):
    key = email_key(text)
    assert email_key(key) == key == one_form(key)
    assert {email_key(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")} == {key}


def test_the_key_of_other_letters_than_ascii_is_no_ascii():
    """Of what is before the `@`: rows of ASCII letters alone may be given their keys by PostgreSQL."""
    assert [letter for letter in LETTERS if email_key(letter + "@b.de").isascii() != one_form(letter).isascii()] == []


@pytest.mark.parametrize(
    "domain",
    ["bücher.example", "BÜCHER.Example", "bu\u0308cher.example", "\uff42ücher.example", "xn--bcher-kva.example"],
)
def test_a_domain_is_the_one_that_mail_goes_to(domain):
    assert email_key(f"Mia@{domain}") == "mia@xn--bcher-kva.example"
    assert recipient(f"mia@{domain.lower()}", "Mia").addr_spec == "mia@xn--bcher-kva.example"


@pytest.mark.parametrize("domain", ["\uff45xample.com", "example\u3002com", "exam\u00adple.com", "EXAMPLE.com"])
def test_look_alikes_of_a_domain_are_that_domain(domain):
    assert email_key(f"vic@{domain}") == "vic@example.com"


def test_a_domain_that_is_none_stays():
    assert email_key("mia@bü..cher") == "mia@bü..cher"


@pytest.mark.parametrize(("letter", "many"), [("\u0958", 2), ("\u0130", 2)])
def test_an_address_is_as_long_as_its_key_at_most(letter, many):
    room = (254 - len("@b.de")) // many
    assert len(email_key(email_in_one_form(letter * room + "@b.de"))) <= 254
    with pytest.raises(Invalid):
        email_in_one_form(letter * (room + 1) + "@b.de")


@pytest.mark.parametrize("name", ["ΟΔΥΣΣΕΥΣ", "Straße", "\u0130rem"])
def test_who_types_the_beginning_of_a_name_finds_it(name):
    for typed in (name, name.upper(), name.lower(), name.casefold()):
        for end in range(1, len(typed) + 1):
            assert search_key(name).startswith(search_key(typed[:end]))


@given(TEXTS)
def test_a_search_key_is_the_same_in_every_form(text):
    key = search_key(text)
    assert len(key) <= 400
    assert {search_key(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")} == {key}
