"""Every row of the security checklist has a test that is named after it, so that nobody takes the last one away."""

import re
from collections import Counter

import pytest

from tests.architecture.tree import ROOT

# What each row is about. A test of row S07 is called `test_s07_…`, one of two rows `test_s07_s08_…`.
ROWS = {
    "s01": "access tokens: one algorithm, every claim checked",
    "s02": "refresh tokens rotate; reuse ends the family",
    "s03": "passwords are hashed dearly, off the event loop, whole",
    "s04": "guessing is slowed down without locking the owner out",
    "s05": "nobody learns who has an account",
    "s06": "one-time codes: once, for one purpose, one person, a short time",
    "s07": "nobody reaches what belongs to others",
    "s08": "a route without a rule stops the start",
    "s09": "guests open theirs with an unguessable token",
    "s10": "nobody writes a column that is not offered",
    "s11": "answers have the fields that their reader may have",
    "s12": "prices and sums are the shop's",
    "s13": "steps come in order",
    "s14": "the shop fetches nothing from its own network for others",
    "s15": "uploads are what they say",
    "s16": "pictures and archives do not unfold without end",
    "s17": "no path leads out of its folder",
    "s18": "no text becomes SQL",
    "s19": "no text becomes a query of the search engine",
    "s20": "no header and no log line is injected",
    "s21": "CORS is a fixed list",
    "s22": "cookie mode is safe from other sites",
    "s23": "security headers are on every answer",
    "s24": "hosts are a list",
    "s25": "the caller's address is believed from our proxies alone",
    "s26": "secrets reach no log and no answer",
    "s27": "logs tell little of people",
    "s28": "pages and searches are bounded",
    "s29": "bodies are bounded",
    "s30": "headers, addresses and slow callers are bounded",
    "s31": "patterns take time in proportion to their text",
    "s32": "nobody is sent on to another site",
    "s33": "webhooks prove where they come from",
    "s34": "outgoing webhooks are signed",
    "s35": "sensitive actions ask for a fresh proof",
    "s36": "the audit trail shows when somebody touched it",
    "s37": "people are exported and erased",
    "s38": "kept answers are for their caller",
    "s39": "guessing codes and testing cards does not pay",
    "s40": "each process has the database rights that it needs",
    "s41": "errors show nothing and fail closed",
    "s42": "no export is a program for a spreadsheet",
    "s43": "dependencies are pinned and known",
    "s44": "nothing for testing is open in production",
    "s45": "rich text and mails carry no script",
}
# Of things that the shop does not have yet.
WITHOUT = {"s14", "s15", "s16", "s17", "s34", "s43", "s45"}
_TEST = re.compile(r"^ *(?:async )?def test_((?:s[0-9]{2}_)+)", re.MULTILINE)
_FILE = re.compile(r"test_((?:s[0-9]{2}_)+)")


@pytest.fixture(scope="module")
def named() -> Counter[str]:
    """How many tests, or files of tests, carry the name of each row."""
    found: Counter[str] = Counter()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for rows in [*_FILE.findall(path.name), *_TEST.findall(path.read_text())]:
            found.update(rows.strip("_").split("_"))
    return found


def test_every_row_has_a_test_of_its_name(named: Counter[str]):
    missing = [f"{row}: {what}" for row, what in ROWS.items() if not named[row] and row not in WITHOUT]
    assert missing == [], "no test is called test_<row>_…"


def test_names_are_those_of_rows(named: Counter[str]):
    """A slip of the pen would count for a row that nobody looks at."""
    assert sorted(set(named) - set(ROWS)) == []
