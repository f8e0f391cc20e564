"""S20: where an answer sends its reader, and what it calls a file, is made by the shop and of nothing that was sent."""

import re
from urllib.parse import quote

import pytest

from tests.matrix.shop import BASE, Shop, one_shop

pytestmark = pytest.mark.asyncio(loop_scope="session")

BREAKS = ("\r\n", "\n", "\r", "\0", "\x0b", "\u2028", "%0d%0a", "\\r\\n")
_WORD = r"[a-z0-9]+(?:-[a-z0-9]+)*"
MOVED = re.compile(rf"/api/v1/(?:products|categories|brands)/{_WORD}(?:/products|/variants)?\Z")
FILE = re.compile(r'attachment; filename="[A-Za-z0-9._-]+"\Z')


@pytest.fixture
async def shop() -> Shop:
    return await one_shop()


async def test_s20_no_slug_brings_a_header_and_no_old_one_leads_anywhere_else(shop: Shop):
    state = shop.memory.state()
    category = await shop.call("POST", "/categories", {"name": "Old", "slug": "old-place"})
    here = f"/categories/{category['id']}"
    for text in BREAKS:
        for slug in (f"new{text}set-cookie: a=b", f"new{text}", f"{text}new"):
            refused = await shop.send("PATCH", BASE + here, {"slug": slug}, shop.root)
            assert refused.status == 400, (slug, refused.status)
    await shop.call("PATCH", here, {"slug": "new-place"})
    seen = 0
    for text in ("", *BREAKS):
        for path in (f"/categories/old-place{text}", f"/categories/old-place{text}/products", f"/products/x{text}"):
            for query in ("", f"?x={quote(text)}"):
                answer = await shop.send("GET", BASE + quote(path) + query, None, {})
                location = answer.header("location")
                assert (location is not None) == (answer.status == 301), path
                if location is not None:
                    seen += 1
                    assert MOVED.match(location), location
                    assert location.startswith(f"{BASE}/categories/new-place")
                assert answer.header("set-cookie") is None
    assert seen >= 2
    shop.memory.restore(state)


async def test_s20_a_file_is_called_what_the_shop_calls_it(shop: Shop):
    """By the document too: no other route answers a file."""
    state, owner = shop.memory.state(), shop.owner
    await shop.call("PATCH", "/users/me", {"name": 'Ada"; filename=evil.exe'}, owner.headers)
    asked = await shop.call("POST", "/users/me/export", None, owner.headers)
    await shop.settle()
    answer = await shop.send("GET", f"{BASE}/users/me/exports/{asked['id']}/file", None, owner.headers)
    assert answer.status == 200, answer.body
    assert FILE.match(answer.header("content-disposition") or ""), answer.headers
    shop.memory.restore(state)
