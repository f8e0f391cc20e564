"""The page about the format states what the parser does."""

import re
from pathlib import Path

from merx.contexts.catalog.domain.feed import parse_line
from merx.contexts.catalog.domain.wording import UNITS

PAGE = (Path(__file__).parents[3] / "docs" / "catalogue-format.md").read_text("utf-8")


def test_the_examples_are_good_rows() -> None:
    examples = re.findall(r"```json\n(.*?)\n```", PAGE, re.DOTALL)
    assert [parse_line(example.encode()).id for example in examples] == ["lamp-7", "shirt-1"]


def test_every_unit_is_listed() -> None:
    section = PAGE.split("Units:")[1].split("\n\n")[0]
    assert set(re.findall(r"_([a-z0-9]+)", section)) == set(UNITS)
