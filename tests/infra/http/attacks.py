"""What is sent to one route: good requests with one thing wrong, in the token, the URL, a header or the body."""

import base64
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect

from merx.kernel.ids import new_id
from tests.infra.http.examples import Place, example, leads_to, structs_in, takes
from tests.infra.http.routes import Route, bare, target_of

HUGE = 10 * 1024 * 1024
# What an attacker adds in the hope that the row behind has such a column (mass assignment).
COLUMNS = (
    "id",
    "price",
    "role",
    "is_staff",
    "permissions",
    "user_id",
    "account_id",
    "paid_at",
    "status",
    "version",
    "zz_new",
)
_JSON = "application/json"


class Attack(msgspec.Struct, frozen=True):
    """One request. `status` is the only right answer when it is given."""

    name: str
    target: str
    headers: dict[str, str]
    body: Any = None
    status: int = 0
    may_pass: bool = False


def attacks_on(route: Route, headers: dict[str, str]) -> Iterator[Attack]:
    target = target_of(route)
    body = example(route.body) if route.body is not None else None
    sent = headers | ({"content-type": _JSON} if body is not None else {})
    encoded = msgspec.json.encode(body) if body is not None else None
    yield from _token_attacks(target, sent, encoded)
    yield from _path_attacks(route, sent, encoded)
    yield from _query_attacks(route, sent, encoded)
    yield from _header_attacks(target, sent, encoded)
    for parameter in route.in_header:
        if parameter.required:
            without = {name: value for name, value in sent.items() if name != parameter.name}
            yield Attack(f"no {parameter.name}", target, without, encoded, 400)
    if body is not None:
        yield from _raw_attacks(route, target, sent)
        yield from field_attacks(route, target, sent)


def _token_attacks(target: str, headers: dict[str, str], body: bytes | None) -> Iterator[Attack]:
    expired = (
        "eyJ0eXAiOiJhdCtqd3QifQ.eyJpc3MiOiJtZXJ4IiwiZXhwIjoxfQ."
        "c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl"
    )
    for name, value in {"forged token": expired, "empty token": "", "huge token": "a" * 20_000}.items():
        yield Attack(name, target, headers | {"authorization": f"Bearer {value}"}, body, 401)
    yield Attack("other scheme", target, headers | {"authorization": "Basic dTpw"}, body, 401)


GARBAGE = (
    "not-an-id", "0", "-1", "9" * 40, "%27%20OR%201%3D1--", "..%2f..%2fetc%2fpasswd", "%F0%9F%9B%92", "a" * 3000,
    "null", "%20", "00000000-0000-0000-0000-000000000000", "*", "%25", "%0d%0aX-Evil:1",
)  # fmt: skip
FORBIDDEN = ("%00", "a%00b", "%ff", "%c3%28", "%ed%a0%80")


def _path_attacks(route: Route, headers: dict[str, str], body: bytes | None) -> Iterator[Attack]:
    for parameter in route.in_path:
        for value in GARBAGE:
            yield Attack(
                f"path {parameter.name}={value[:40]}", target_of(route, path={parameter.name: value}), headers, body
            )
        for value in FORBIDDEN:
            target = target_of(route, path={parameter.name: value})
            yield Attack(f"path {parameter.name}={value}", target, headers, body, 400)


def _query_attacks(route: Route, headers: dict[str, str], body: bytes | None) -> Iterator[Attack]:
    for value in FORBIDDEN:
        yield Attack(f"query x={value}", target_of(route, query=f"x={value}"), headers, body, 400)
    for parameter in route.in_query:
        info = inspect.type_info(bare(parameter.kind))
        plain = takes(info, inspect.IntType | inspect.UUIDType) and not takes(info, inspect.StrType | inspect.ListType)
        for value in (*GARBAGE, "", "1e9", "NaN", "true"):
            target = target_of(route, query=f"{parameter.name}={value}")
            yield Attack(f"query {parameter.name}={value[:40]}", target, headers, body, may_pass=True)
        for value in FORBIDDEN:
            yield Attack(
                f"query {parameter.name}={value}",
                target_of(route, query=f"{parameter.name}={value}"),
                headers,
                body,
                400,
            )
        if plain:
            target = target_of(route, query=f"{parameter.name}=abc")
            yield Attack(f"query {parameter.name}=abc", target, headers, body, 400)
        if parameter.name == "limit":
            for value in ("0", "-1", "101", "1000000000"):
                yield Attack(f"limit={value}", target_of(route, query=f"limit={value}"), headers, body, 400)
        if parameter.name == "after":
            for value in ("unknown", "x" * 600):
                yield Attack(f"after={value[:9]}", target_of(route, query=f"after={value}"), headers, body)
            for value in _forged_cursors():
                yield Attack(
                    f"after={value[:40]}", target_of(route, query=f"after={value}"), headers, body, may_pass=True
                )


# What a server or a handler of ours reads.
_HEADERS = (
    "x-cart-token", "x-order-token", "x-csrf-token", "cookie", "origin", "idempotency-key", "if-match", "if-none-match",
    "x-request-id", "traceparent", "x-forwarded-for", "accept", "accept-encoding", "user-agent", "range", "expect",
)  # fmt: skip
_VALUES = ("\xe9\xff", "", "a" * 7000, '=;=;"', "*")


def _header_attacks(target: str, headers: dict[str, str], body: bytes | None) -> Iterator[Attack]:
    for place, name in enumerate(_HEADERS):
        value = _VALUES[place % len(_VALUES)]
        yield Attack(f"header {name}={value[:9]!r}", target, headers | {name: value}, body, may_pass=True)
    for value in _VALUES:
        every = dict.fromkeys(_HEADERS, value)
        yield Attack(f"all headers {value[:9]!r}", target, headers | every, body, may_pass=True)


def _forged_cursors() -> Iterator[str]:
    forged = ([], ["x"], [1], [None] * 3, [{"a": 1}], [2**70], ["a"] * 50, "x", [[1]], ["\0"], [True, False, True])
    for keys in forged:
        yield base64.urlsafe_b64encode(msgspec.json.encode(keys)).rstrip(b"=").decode()
    yield base64.urlsafe_b64encode(b"\xff\xfe[").decode().rstrip("=")


_MANY_KEYS = msgspec.json.encode({f"k{n}": n for n in range(10_000)})


def _raw_attacks(route: Route, target: str, headers: dict[str, str]) -> Iterator[Attack]:
    malformed = {
        "empty": b"", "array": b"[]", "null": b"null", "number": b"1", "string": b'"x"', "truncated": b'{"a"',
        "two values": b"{}{}", "not JSON": b"<xml/>", "BOM": b"\xef\xbb\xbf{}", "NaN": b'{"a": NaN}',
        "5,000 deep array": b"[" * 5000 + b"]" * 5000, "only openings": b"[" * 5000,
        "33 levels": b"[" * 33 + b"]" * 33, "33 levels of objects": b'{"a":' * 33 + b"1" + b"}" * 33,
        "5,000 deep object": b'{"a":' * 5000 + b"1" + b"}" * 5000, "NUL byte": b'{"a": "\x00"}',
        "NUL escape": b'{"a": "\\u0000"}', "NUL key": b'{"\\u0000": 1}', "broken UTF-8": b'{"a": "\xff"}',
        "UTF-16": "{}".encode("utf-16"), "lone surrogate": b'{"a": "\\ud800"}',
    }  # fmt: skip
    twice = b'{"zz_new": 1, "zz_new": 2}'
    yield Attack("one key twice", target, headers, twice, 400)
    yield Attack("a key of 60,000 characters", target, headers, b'{"' + b"k" * 60_000 + b'": 1}', 400)
    yield Attack("10,000 keys", target, headers, _MANY_KEYS, may_pass=False)
    yield Attack("a number of 60,000 digits", target, headers, b'{"zz_new": ' + b"9" * 60_000 + b"}", 400)
    for name, body in malformed.items():
        absent = name in ("empty", "null") and not route.body_required
        yield Attack(name, target, headers, body, 0 if absent else 400, may_pass=absent)
    yield Attack("10 MB", target, headers, iter([b" " * 65_536] * (HUGE // 65_536)), 413)
    yield Attack("10 MB announced", target, headers | {"content-length": str(HUGE)}, b"{}", 413)
    yield Attack("length is no number", target, headers | {"content-length": "ten"}, b"{}", 400)
    for kind in ("text/plain", "", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html"):
        yield Attack(f"content type {kind!r}", target, headers | {"content-type": kind}, b"{}", 415)
    yield Attack("compressed", target, headers | {"content-encoding": "gzip"}, b"{}", 415)


def field_attacks(route: Route, target: str, headers: dict[str, str], own: Any = None) -> Iterator[Attack]:
    """Every field of every struct in the body, one wrong value at a time. `own` is a body to start from."""
    for place, sample, fields in structs_in(route.body):
        body = own if leads_to(own, (*place.steps, "")) else sample

        def attack(
            name: str, at: Place, value: Any, status: int = 400, *, may_pass: bool = False, body: Any = body
        ) -> Attack:
            return Attack(f"{at}: {name}", target, headers, msgspec.json.encode(at.put(body, value)), status, may_pass)

        here = body
        for step in place.steps:
            here = here[step]
        names = {field.encode_name for field in fields}
        needed = {field.encode_name for field in fields if field.required}
        for column in COLUMNS:
            if column not in names:
                yield attack(f"unknown field {column}", place, here | {column: 1})
        for name in here:
            less = {key: value for key, value in here.items() if key != name}
            yield attack(f"without {name}", place, less, 400 if name in needed else 0, may_pass=name not in needed)
        for field in fields:
            at = Place((*place.steps, field.encode_name), field.type)
            for name, value, status in _wrong_values(field.type):
                yield attack(name, at, value, status, may_pass=status == 0)


def _texts_that_look_right(kind: inspect.Type) -> Iterator[tuple[str, Any, int]]:
    """Text in the place of something else: bodies are read strictly."""
    yield "text", "not this", 400
    yield "null string", "null", 400
    yield "bool string", "true", 400
    # A decimal number is written as text.
    yield "numeric string", "1", 0 if takes(kind, inspect.DecimalType) else 400


def _wrong_values(kind: inspect.Type) -> Iterator[tuple[str, Any, int]]:
    """A name, a value and the status it must get; 0 for values that may be right for the field."""
    yield "an object of another kind", {"zz_new": [{}]}, 400
    if takes(kind, inspect.StrType):
        yield "NUL", "a\0b", 400
        for text in ("", " ", "a\nb", "\u202e", "👍", "a" * 60_000, "' OR 1=1--", "<script>", "-1"):
            yield repr(text[:20]), text, 0
    else:
        yield from _texts_that_look_right(kind)
    if takes(kind, inspect.IntType):
        for number in (-1, 0, 2**31, 2**63, 2**70, -(2**63), 1.5, 1e308):
            yield str(number), number, 0
    if takes(kind, inspect.UUIDType):
        yield "no id", "not-an-id", 400
        yield "nil", str(UUID(int=0)), 0
        yield "unknown id", str(new_id()), 0
    if takes(kind, inspect.ListType):
        yield "10,000 items", [1] * 10_000, 400
        yield "no items", [], 0
