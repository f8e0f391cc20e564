"""What a profile may be."""

from datetime import UTC, date, datetime

import pytest

from merx.contexts.users.domain.errors import InvalidProfile
from merx.contexts.users.domain.profile import Profile
from merx.kernel.ids import moment_of, new_id

TODAY = date(2026, 6, 1)


def profile(**fields) -> Profile:
    made = Profile.begin(new_id(), " Ada@Example.com ", "Ada", "customer", datetime(2026, 1, 1, tzinfo=UTC))
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def test_keys_follow():
    ada = profile(name="  ADA Byron ")
    ada.settle(TODAY)
    assert (ada.name, ada.name_key, ada.email_key) == ("ADA Byron", "ada byron", "ada@example.com")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("+1 (415) 555-0100", "+14155550100"), ("+91 98765 43210", "+919876543210"), ("", "")],
)
def test_a_telephone_number_is_kept_as_e164(typed: str, kept: str):
    ada = profile(phone=typed)
    ada.settle(TODAY)
    assert ada.phone == kept


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "   "),
        ("phone", "+0123456789"),
        ("phone", "+12345"),
        ("phone", "+1234567890123456"),
        ("birthday", date(2026, 6, 2)),
        ("birthday", date(1895, 1, 1)),
    ],
)
def test_what_nobody_has_is_refused_with_its_field(field: str, value: object):
    with pytest.raises(InvalidProfile) as refused:
        profile(**{field: value}).settle(TODAY)
    assert [each.field for each in refused.value.fields] == [field]


def test_nobody_is_in_a_log():
    assert "Ada" not in repr(profile())


def test_an_id_tells_when_it_was_made():
    assert abs((moment_of(new_id()) - datetime.now(UTC)).total_seconds()) < 5
