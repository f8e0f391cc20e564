"""Every route of the shop, called by everybody: the authorisation matrix, made from the router.

A route without an entry fails. What an entry is: `entry.py`; what each caller must get: `promises.py`.
"""

import difflib

import pytest

from tests.matrix.entries.everything import ENTRIES
from tests.matrix.fields import GOLDEN, by_role
from tests.matrix.handed_out import beyond_the_document, secrets_in
from tests.matrix.play import Heard, failures, name_of
from tests.matrix.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOW = """
Nobody has said how to call it. Add to the file of its context in tests/matrix/entries:

    "{name}": Entry(lambda shop, person: at(order_id=person.order["id"])),

The recipe makes a request about something that exists and belongs to `person`; the matrix sends it as thirteen callers
and compares the answers with what the rule {rule} promises. Things of a new kind are made in tests/matrix/shop.py, or
in tests/matrix/catalogue.py when they belong to nobody.
"""


def routes(shop: Shop):
    """All of them; Litestar's own answers to OPTIONS show nothing and belong to nobody."""
    return [access for access in shop.api.routes if access.method != "OPTIONS"]


async def test_s07_every_route_has_an_entry(shop: Shop):
    missing = [access for access in routes(shop) if name_of(access) not in ENTRIES]
    said = [HOW.format(name=name_of(access), rule=access.rule.name) for access in missing]
    assert not missing, "".join(f"\n{name_of(access)}{how}" for access, how in zip(missing, said, strict=True))


async def test_s07_no_entry_is_left_over(shop: Shop):
    assert sorted(set(ENTRIES) - {name_of(access) for access in routes(shop)}) == []


async def test_s07_s08_s11_everybody_gets_what_the_rules_promise_and_no_field_more(shop: Shop):
    """One test: playing the matrix is what takes the time."""
    wrong: list[str] = []
    heard: list[Heard] = []
    for access in routes(shop):
        if name_of(access) in ENTRIES:
            wrong += await failures(shop, access, ENTRIES[name_of(access)], heard)
    assert wrong == [], "\n" + "\n".join(wrong)
    assert len(heard) > 1000
    assert beyond_the_document(heard) == []
    assert secrets_in(heard) == {}, "a route that hands out a secret says so in tests/matrix/handed_out.py"
    assert "POST /api/v1/auth/login" in secrets_in(heard, allowed={}), "nothing was looked at"


async def test_s11_the_fields_of_each_role_change_on_purpose_only():
    agreed, now = GOLDEN.read_text().splitlines(), by_role().splitlines()
    changes = difflib.unified_diff(agreed, now, "agreed", "now", lineterm="", n=0)
    said = "somebody reads other fields; when that is meant: python -m tests.matrix.fields"
    assert agreed == now, "\n".join([said, *changes])
