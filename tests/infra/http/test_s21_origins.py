"""S21: pages of a fixed list of origins may call from a browser, and no look-alike."""

import msgspec
import pytest

from merx.infra.http.middleware import Frame
from merx.infra.http.origins import Origins, origin_of
from merx.infra.settings import SettingsError, load_settings
from tests.infra.http.toy import MEMORY, Toys, toy_app
from tests.infra.http.wire import Connection, head_of
from tests.support.asgi import Answer, AsgiClient
from tests.support.stage import staged

FRONT, TILL = "https://shop.example", "https://till.shop.example:8443"
SETTINGS = msgspec.structs.replace(MEMORY, public_url="https://api.shop.example", cors_origins=(FRONT, TILL))
LOCAL = {"host": "localhost"}

STRANGERS = [
    "null", "*", "", "http://shop.example", "https://shop.example:443", "https://shop.example:8443",
    "https://shop.example/", "https://SHOP.example", "HTTPS://shop.example", "https://evil.example",
    "https://shop.example.evil.example", "https://evilshop.example", "https://evil.shop.example", "https://shop-example",
    "https://shopXexample", "https://shop.example@evil.example", "https://shop.example#.evil.example", "shop.example",
    "https://shop.example, https://evil.example", "https://shop.example https://evil.example", "https://shop.example.",
    " https://shop.example", "https://shop.example\x00", "https://shop.exampl\xe9", "https://api.shop.example",
    "https://till.shop.example", "https://xn--shop.example", "file://", "chrome-extension://shop.example",
]  # fmt: skip


@pytest.fixture
def client() -> AsgiClient:
    return AsgiClient(staged(SETTINGS, Toys(SETTINGS)), headers=LOCAL)


def allowed(answer: Answer) -> list[str]:
    return [name.decode() for name, _ in answer.headers if name.startswith(b"access-control-")]


def varies(answer: Answer) -> set[str]:
    return {part.strip().lower() for part in (answer.header("vary") or "").split(",")}


async def preflight(client: AsgiClient, origin: str, method: str = "PATCH") -> Answer:
    asked = {"origin": origin, "access-control-request-method": method, "access-control-request-headers": "x-any"}
    return await client.request("OPTIONS", "/api/v1/toys", headers=asked)


async def test_s21_a_listed_page_reads_every_answer(client: AsgiClient):
    for path, status in (
        ("/api/v1/toys", 200), ("/api/v1/toys/product", 200), ("/api/v1/toys/product", 200), ("/nowhere", 404),
        ("/api/v1/toys/me", 401), ("/api/v1/toys/raise/limited", 429), ("/api/v1/toys/raise/away", 503),
        ("/api/v1/toys/raise/bug", 500), ("/" + "a" * 9000, 414),
    ):  # fmt: skip
        for origin in (FRONT, TILL):
            answer = await client.get(path, headers={"origin": origin})
            assert answer.status == status
            assert answer.header("access-control-allow-origin") == origin
            assert answer.header("access-control-allow-credentials") == "true"
            readable = (answer.header("access-control-expose-headers") or "").lower().split(", ")
            assert {"etag", "retry-after", "x-request-id", "idempotency-replayed", "ratelimit-remaining"} <= {*readable}
            assert varies(answer) == {"origin"}


async def test_s21_no_stranger_is_named(client: AsgiClient):
    named = []
    for origin in STRANGERS:
        sent = {"headers": {"origin": origin}}
        answers = [await client.get(path, **sent) for path in ("/api/v1/toys", "/api/v1/toys/product", "/nowhere")]
        answers.append(await preflight(client, origin))
        named += [(origin, answer) for answer in answers if allowed(answer) or "origin" not in varies(answer)]
    assert named == []
    assert len(STRANGERS) >= 12


async def test_s21_preflight_is_answered_before_the_routes():
    async def unreachable(*_: object) -> None:
        raise AssertionError("the application was asked")

    client = AsgiClient(Frame(unreachable, toy_app(SETTINGS)._parts), headers=LOCAL)
    answer = await preflight(client, FRONT)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("access-control-allow-origin") == FRONT
    assert set((answer.header("access-control-allow-methods") or "").split(", ")) >= {"GET", "POST", "PATCH", "DELETE"}
    headers = (answer.header("access-control-allow-headers") or "").lower().split(", ")
    assert {"authorization", "content-type", "idempotency-key", "x-csrf-token", "x-cart-token", "x-token-mode"} <= {
        *headers
    }
    assert "*" not in headers, "not with credentials"
    refused = await preflight(client, "https://evil.example")
    assert (refused.status, refused.slug) == (403, "request.unknown-origin")


async def test_s21_nobody_is_listed_by_default():
    client = AsgiClient(staged(MEMORY, Toys(MEMORY)))
    for origin in (FRONT, "null", "http://localhost:8000"):
        assert (await preflight(client, origin)).status == 403
        for path in ("/api/v1/toys", "/api/v1/toys/product"):
            answer = await client.get(path, headers={"origin": origin})
            assert (answer.status, allowed(answer), answer.header("vary")) == (200, [], None)
    plain = await client.request("OPTIONS", "/api/v1/toys", headers={"origin": FRONT})
    assert plain.status == 204, "no preflight: the route says which methods it has"
    assert allowed(plain) == []


async def test_s21_what_an_answer_varies_by_is_said_once(client: AsgiClient):
    answer = await client.get("/api/v1/schema/docs/start.js", headers={"origin": FRONT})
    assert varies(answer) == {"origin", "accept-encoding"}
    assert [name for name, _ in answer.headers].count(b"vary") == 1


async def test_s21_a_cached_answer_names_nobody_else():
    """Out of the byte cache on the wire, where the head of an answer is kept in one piece."""
    connection = Connection(staged(SETTINGS, toys := Toys(SETTINGS)))
    seen = []
    for origin in (None, FRONT, TILL, FRONT, "https://evil.example", "null", None):
        for condition in ([], ["If-None-Match: *"]):
            lines = [*condition, *([f"Origin: {origin}"] if origin else [])]
            (wire,) = await connection.ask("/api/v1/toys/product", *lines)
            status, headers = head_of(wire)
            assert status == (304 if condition else 200)
            assert headers["vary"] == "Origin"
            assert "public" in headers["cache-control"]
            seen.append((origin, headers.get("access-control-allow-origin")))
    assert toys.product.reads == 1
    assert seen == [(origin, origin if origin in (FRONT, TILL) else None) for origin, _ in seen]
    elsewhere = await AsgiClient(staged(SETTINGS, toys), headers=LOCAL).get(
        "/api/v1/toys/product", headers={"origin": TILL}
    )
    (wire,) = await connection.ask("/api/v1/toys/product", f"Origin: {TILL}")
    on_wire = head_of(wire)[1]
    assert {name.decode(): value.decode() for name, value in elsewhere.headers} | {"x-request-id": "", "date": ""} == (
        on_wire | {"x-request-id": "", "date": ""}
    )


@pytest.mark.parametrize("production", [False, True])
def test_s21_settings_take_whole_origins_only(production: bool):
    wrong = [
        "*", "null", "https://*.shop.example", "https://shop.example/", "https://shop.example:443", "http://a.example:80",
        "HTTPS://shop.example", "https://Shop.example", "shop.example", "ftp://shop.example", "https://", "https://a b",
        "https://u@shop.example", "https://shop.example?x", "https://shöp.example",
    ]  # fmt: skip
    environment = {"MERX_ENVIRONMENT": "production"} if production else {}
    passed = []
    for origin in wrong:
        with pytest.raises(SettingsError) as caught:
            load_settings(environment | {"MERX_CORS_ORIGINS": f"https://good.example,{origin}"})
        if not any("MERX_CORS_ORIGINS takes origins" in problem for problem in caught.value.problems):
            passed.append(origin)
    assert passed == []


def test_s21_production_lists_https_only():
    good = load_settings({"MERX_CORS_ORIGINS": "https://a.example, http://localhost:3000,http://[::1]:3000"})
    assert good.cors_origins == ("https://a.example", "http://localhost:3000", "http://[::1]:3000")
    with pytest.raises(SettingsError, match="MERX_CORS_ORIGINS must be https in production"):
        load_settings({"MERX_ENVIRONMENT": "production", "MERX_CORS_ORIGINS": "http://a.example"})


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Shop.Example/front/", "https://shop.example"), ("https://shop.example:443", "https://shop.example"),
        ("http://localhost:8000", "http://localhost:8000"), ("http://[::1]:80/", "http://[::1]"),
        ("https://büro.example:8443/x", "https://xn--bro-hoa.example:8443"),
    ],
)  # fmt: skip
def test_s21_own_origin_is_written_as_browsers_do(url: str, origin: str):
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        ({"origin": FRONT}, True), ({"referer": f"{FRONT}/cart?x=1"}, True), ({"referer": FRONT}, True), ({}, False),
        ({"origin": "null", "referer": f"{FRONT}/"}, False), ({"origin": "", "referer": f"{FRONT}/"}, False),
        ({"referer": f"{FRONT}.evil.example/"}, False), ({"referer": f"{FRONT}@evil.example/"}, False),
        ({"referer": f"{FRONT}:444/"}, False), ({"referer": f"https://evil.example/{FRONT}/"}, False),
        ({"referer": f"{FRONT}\\.evil.example/"}, False), ({"referer": "/cart"}, False), ({"referer": ""}, False),
        ({"origin": f"{FRONT}/"}, False), ({"origin": f"{FRONT}.evil.example"}, False),
    ],
)  # fmt: skip
def test_s22_which_page_sent_a_request(headers: dict[str, str], sent: bool):
    by_name = {name.encode(): value.encode() for name, value in headers.items()}
    assert Origins([FRONT]).sent(by_name) is sent
