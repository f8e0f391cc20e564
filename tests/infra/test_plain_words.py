"""What is wrong with a value, in words for people."""

import json
from datetime import date, datetime
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from merx.infra.plain_words import FORMS, plainly
from merx.kernel.text import LINE
from tests.architecture.tree import ROOT

# Secret or made by programs: nobody types them, and the form is the best that can be said.
MADE_BY_PROGRAMS = {
    r"^[ -~]+\Z",
    r"^[A-Za-z0-9\-._~]+\Z",
    r"^[A-Za-z0-9_-]+\Z",
    r"^[A-Za-z0-9_-]+={0,2}\Z",
    r"^[A-Za-z0-9_-]{43}\Z",
}


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (Annotated[int, Meta(ge=1)], 0, "must be 1 or more"),
        (Annotated[int, Meta(le=999)], 10**12, "must be 999 or less"),
        (Annotated[float, Meta(gt=0)], -1.5, "must be more than 0.0"),
        (int, "2", "must be a whole number, not text"),
        (int, 1.5, "must be a whole number, not a fraction"),
        (int | None, "x", "must be a whole number or null, not text"),
        (dict[str, int], [], "must be an object, not a list"),
        (date, "2031-13-45", "must be a day such as 2031-01-31"),
        (datetime, "soon", "must be a time such as 2031-01-31T12:00:00Z"),
        (bool, None, "must be true or false, not null"),
        (Annotated[str, Meta(min_length=1)], "", "must not be empty"),
        (Annotated[str, Meta(min_length=8)], "short", "must have at least 8 characters"),
        (Annotated[str, Meta(max_length=3)], "long", "must have at most 3 characters"),
        (Annotated[list[int], Meta(max_length=1)], [1, 2], "must have at most 1 entries"),
        (Annotated[str, Meta(pattern=LINE)], " ", "must be one line of text that shows something"),
        (Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z")], "us", "must be a country such as US (ISO 3166-1, in capitals)"),
        (Annotated[str, Meta(pattern=r"^it's\Z")], "x", r"does not match ^it's\Z"),
    ],
)
def test_what_the_decoder_says_is_said_in_words(kind, value, words):
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(value, kind)
    assert plainly(str(refused.value)) == words


def test_other_sentences_stay_as_they_are():
    assert plainly("is unknown") == "is unknown"


def test_every_form_that_people_type_has_words():
    document = json.loads((ROOT / "tests" / "architecture" / "openapi.json").read_text())
    found: set[str] = set()

    def look(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(pattern := value.get("pattern"), str):
                found.add(pattern.removesuffix("$") + r"\Z")
            for each in value.values():
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)

    look(document)
    # Two forms of a grant as text.
    grants = {pattern for pattern in found if r"\*|" in pattern}
    assert found - FORMS.keys() - grants == MADE_BY_PROGRAMS
