"""S22: which bytes of a request are a cookie of ours, and what a cookie changes for answers out of memory."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.infra.guest_tokens import GuestTokens
from merx.infra.http.cookies import CookieMode
from merx.infra.http.protocol import protocol_for
from merx.infra.settings import Settings
from merx.infra.tokens import InvalidToken
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.infra.http.toy import Toys
from tests.infra.http.wire import Connection, head_of
from tests.support.asgi import AsgiClient
from tests.support.stage import staged

SETTINGS = Settings(storage="memory", public_url="https://shop.example")
MODE = CookieMode(SETTINGS, GuestTokens(b"k" * 32))
NAME = b"__Host-merx-access"
PRODUCT = "/api/v1/toys/product"
PIECES = [
    NAME,
    b"=",
    b";",
    b" ",
    b"\t",
    b"a",
    b"__Host-",
    b"merx-access",
    b"\xa0",
    b"\x0b",
    b'"',
    b",",
    b"$Path",
    b"\xff",
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
def test_s22_a_cookie_is_ours_by_its_whole_name_alone(header: bytes):
    """Said in another way: what stands between two semicolons, blanks cut off, up to the first `=`."""
    ours = []
    for part in header.split(b";"):
        name, _, value = part.partition(b"=")
        while name[:1] in (b" ", b"\t") and name:
            name = name[1:]
        while name[-1:] in (b" ", b"\t") and name:
            name = name[:-1]
        if name == NAME:
            ours.append(value.strip(b" \t"))
    if len(ours) > 1:
        with pytest.raises(InvalidToken):
            MODE.access(header)
    else:
        assert MODE.access(header) == (ours[0] if ours else None)


async def test_s22_a_token_without_a_session_changes_nothing():
    """As `merx token` makes them for scripts: nothing could tell which page wanted it."""
    toys = Toys(SETTINGS)
    client = AsgiClient(staged(SETTINGS, toys), headers={"host": "shop.example", "origin": "https://shop.example"})
    for kind in (ActorKind.staff, ActorKind.customer):
        cookie = f"{NAME.decode()}={toys.tokens.issue(new_id(), kind, ['toys:write'])}"
        assert (await client.get("/api/v1/toys/me", headers={"cookie": cookie})).status == 200
        for csrf in ("", toys.guests.issue("csrf", UUID(int=0)), toys.guests.issue("csrf", new_id())):
            sent = {"cookie": cookie, "x-csrf-token": csrf}
            answer = await client.request("DELETE", f"/api/v1/toys/{new_id()}", headers=sent)
            assert (answer.status, answer.slug) == (403, "auth.wrong-csrf-token")


async def test_s22_cookies_and_answers_out_of_memory():
    """Whoever holds an access cookie goes the long way, as with a bearer token; other cookies change nothing."""
    toys = Toys(SETTINGS)
    connection = Connection(staged(SETTINGS, toys), protocol_for(SETTINGS.public_url))

    async def asked(*lines: str) -> tuple[int, bytes]:
        wire = b"".join(await connection.ask(PRODUCT, *lines, host="shop.example"))
        return head_of(wire)[0], wire.partition(b"\r\n\r\n")[2]

    def held(kind: ActorKind) -> str:
        return f"Cookie: theme=dark; {NAME.decode()}={toys.tokens.issue(new_id(), kind, session_id=new_id())}"

    kept = (200, b'{"price":100}')
    assert await asked() == kept
    toys.product.price = 200
    assert await asked("Cookie: theme=dark; merx-access=x") == kept
    assert await asked(held(ActorKind.customer)) == kept
    assert toys.product.reads == 1
    assert await asked(held(ActorKind.staff)) == (200, b'{"price":200}'), "staff sees the truth"
    assert (await asked(f"Cookie: {NAME.decode()}=x"))[0] == 401, "no answer for a token that is not good"
    assert await asked() == kept
