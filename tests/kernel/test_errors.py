"""An error tells its kind by class, its slug to programs and its detail to people."""

import re

import pytest

from merx.kernel import errors
from merx.kernel.errors import Busy, Conflict, FieldError, Invalid, MerxError, RateLimited, StaleVersion, Unavailable

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, MerxError)]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_a_slug_and_a_title_of_its_own(kind):
    assert "slug" in vars(kind)
    assert "title" in vars(kind)
    assert re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z]+)*", kind.slug)


def test_no_two_kinds_share_a_slug():
    assert len({kind.slug for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_detail_the_title_is_told(kind):
    assert str(kind()) == kind().detail == kind.title
    assert str(kind("only two left")) == kind("only two left").detail == "only two left"
    assert kind().fields == ()
    assert kind().extra == {}


def test_what_is_added_to_one_error_is_not_in_the_next():
    one = Conflict()
    one.extra["available"] = 2
    assert Conflict().extra == {}


def test_fields_and_extra_are_carried():
    field = FieldError("lines[0].quantity", "must be at least 1")
    error = Invalid("bad line", fields=(field,), extra={"line": 0})
    assert (error.fields, error.extra) == ((field,), {"line": 0})
    assert str(field) == "lines[0].quantity: must be at least 1"


def test_who_may_try_again_is_told_when():
    for kind in (RateLimited, Unavailable, Busy):
        assert kind().retry_after == 1
        assert kind("later", retry_after=30).retry_after == 30


def test_kinds_are_caught_by_what_they_are():
    assert issubclass(StaleVersion, Conflict)
    assert issubclass(Busy, Unavailable)
    assert not issubclass(FieldError, MerxError)
