"""Every route of the shop, called by everybody: the authorisation matrix, made from the router.

A route without an entry fails. What an entry is: `entry.py`; what each caller must get: `promises.py`.
"""

import difflib
import re
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio

from merx.kernel.audit import HIDDEN
from tests.matrix.entries.everything import ENTRIES
from tests.matrix.fields import FOR_STAFF, GOLDEN, by_role, good_answers, operations, undeclared
from tests.matrix.play import Heard, failures, name_of
from tests.matrix.shop import Shop

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOW = """
Nobody has said how to call it. Add to the file of its context in tests/matrix/entries:

    "{name}": Entry(lambda shop, person: at(order_id=person.order["id"])),

The recipe makes a request about something that exists and belongs to `person`; the matrix sends it as eleven callers
and compares the answers with what the rule {rule} promises. Things of a new kind are made in tests/matrix/shop.py.
"""


SECRET_NAME = re.compile(
    r"password|passwd|hash|secret|digest|salt|cost|private|token|otp|cvv|card|\A(api_)?key\Z", re.I
)
SECRET_VALUE = re.compile(rb"argon2|mx_sk_[0-9A-Za-z]{40}|mx_rt_|mx_otc_|BEGIN [A-Z ]*PRIVATE")
A_VALUE = "a value like a secret"
# The routes that are there to hand out a token, and names that only sound like a secret. A new one says why here.
HANDED_OUT: dict[str, set[str]] = {
    "POST /api/v1/auth/login": {"access_token", "refresh_token", "token_type", A_VALUE},
    "POST /api/v1/auth/refresh": {"access_token", "refresh_token", "token_type", A_VALUE},
    "GET /api/v1/auth/csrf": {"csrf_token"},
    "POST /api/v1/auth/api-keys": {"key", "api_key", A_VALUE},
    "POST /api/v1/auth/api-keys/{key_id}/rotate": {"key", "api_key", A_VALUE},
    # A guest's cart and order.
    "POST /api/v1/carts": {"token"},
    "POST /api/v1/orders": {"token"},
    # The chain of the trail.
    "GET /api/v1/audit": {"hash"},
    "GET /api/v1/audit/verify": {"head_hash"},
}


def keys_in(value: Any) -> Iterator[str]:
    """Of everything that has a value; the audit trail tells that a secret changed, and not what it is."""
    if isinstance(value, dict):
        yield from (key for key, inner in value.items() if not _masked(inner))
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from keys_in(inner)


def _masked(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value) and all(map(_masked, value.values()))
    return value in (None, HIDDEN)


def routes(shop: Shop):
    """All of them; Litestar's own answers to OPTIONS show nothing and belong to nobody."""
    return [access for access in shop.api.routes if access.method != "OPTIONS"]


async def test_s07_every_route_has_an_entry(shop: Shop):
    missing = [access for access in routes(shop) if name_of(access) not in ENTRIES]
    said = [HOW.format(name=name_of(access), rule=access.rule.name) for access in missing]
    assert not missing, "".join(f"\n{name_of(access)}{how}" for access, how in zip(missing, said, strict=True))


async def test_s07_no_entry_is_left_over(shop: Shop):
    assert sorted(set(ENTRIES) - {name_of(access) for access in routes(shop)}) == []


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(shop: Shop) -> tuple[list[str], list[Heard]]:
    """What was not as promised, and everything that was answered."""
    found: list[str] = []
    heard: list[Heard] = []
    for access in routes(shop):
        if name_of(access) in ENTRIES:
            found += await failures(shop, access, ENTRIES[name_of(access)], heard)
    return found, heard


async def test_s07_s08_everybody_gets_what_the_rules_promise(played: tuple[list[str], list[Heard]]):
    found, heard = played
    assert found == [], "\n" + "\n".join(found)
    assert len(heard) > 1000


async def test_s11_every_field_of_every_answer_is_one_that_the_reader_may_have(
    played: tuple[list[str], list[Heard]],
):
    published = dict(operations())
    found = set()
    for each in played[1]:
        if each.route in published and 200 <= each.answer.status < 300 and each.answer.body:
            schemas = good_answers(published[each.route], each.answer.status)
            hidden = {name for name, readers in FOR_STAFF.items() if each.caller not in readers}
            found |= {f"{each.route}, {each.caller}: {key}" for key in undeclared(each.answer.json(), schemas, hidden)}
    assert sorted(found) == []


async def test_s11_no_secret_is_in_an_answer_but_where_it_is_handed_out(played: tuple[list[str], list[Heard]]):
    found: dict[str, set[str]] = {}
    for each in played[1]:
        if b"{" in each.answer.body[:2] and "/schema" not in each.route:
            names = {key for key in keys_in(each.answer.json()) if SECRET_NAME.search(key)}
            values = {A_VALUE} if SECRET_VALUE.search(each.answer.body) else set()
            found.setdefault(each.route, set()).update(names | values)
    unexpected = {route: names - HANDED_OUT.get(route, set()) for route, names in found.items()}
    assert {route: names for route, names in unexpected.items() if names} == {}
    assert found["POST /api/v1/auth/login"] == HANDED_OUT["POST /api/v1/auth/login"], "nothing was looked at"


async def test_s11_the_fields_of_each_role_change_on_purpose_only():
    agreed, now = GOLDEN.read_text().splitlines(), by_role().splitlines()
    changes = difflib.unified_diff(agreed, now, "agreed", "now", lineterm="", n=0)
    said = "somebody reads other fields; when that is meant: python -m tests.matrix.fields"
    assert agreed == now, "\n".join([said, *changes])
