"""Access and guest tokens: only what we signed, for us, now."""

import base64
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from merx.infra.clock import SystemClock
from merx.infra.guest_tokens import GuestTokens
from merx.infra.keys import ensure_keys, load_keys
from merx.infra.settings import Settings
from merx.infra.tokens import AccessTokens, ExpiredToken, InvalidToken
from merx.kernel.actor import ActorKind
from merx.kernel.errors import Unauthenticated
from merx.kernel.ids import new_id

KEY = Ed25519PrivateKey.generate()
START = datetime(2026, 5, 1, tzinfo=UTC)


class TestClock:
    __test__ = False

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def tokens(clock: TestClock) -> AccessTokens:
    return AccessTokens(KEY, issuer="merx", audience="merx-api", clock=clock)


def claims(**changes: object) -> dict[str, object]:
    now = int(START.timestamp())
    good = {
        "iss": "merx", "aud": "merx-api", "sub": str(new_id()), "exp": now + 300, "iat": now, "jti": "x",
        "kind": "staff",
    }  # fmt: skip
    return {name: value for name, value in (good | changes).items() if value is not None}


def forged(body: dict[str, object], headers: dict[str, object], key: object = KEY, algorithm: str = "EdDSA") -> str:
    return jwt.PyJWS().encode(json.dumps(body).encode(), key, algorithm=algorithm, headers=headers)


def header_of(tokens: AccessTokens) -> dict[str, object]:
    return dict(tokens._header)


def test_what_was_issued_is_verified(tokens: AccessTokens):
    account = new_id()
    actor = tokens.verify(tokens.issue(account, ActorKind.staff, ["orders:write", "stock:read"], ttl=60))
    assert actor.account_id == account
    assert actor.kind is ActorKind.staff
    assert actor.permissions == {"orders:write", "stock:read"}


def test_system_cannot_be_issued(tokens: AccessTokens):
    with pytest.raises(ValueError, match="system"):
        tokens.issue(new_id(), ActorKind.system)


def test_a_remembered_token_still_expires(tokens: AccessTokens, clock: TestClock):
    token = tokens.issue(new_id(), ActorKind.customer, ttl=30)
    tokens.verify(token)
    clock.time += timedelta(seconds=30 + 59)
    tokens.verify(token)
    clock.time += timedelta(seconds=2)
    with pytest.raises(ExpiredToken):
        tokens.verify(token)


def test_memory_is_bounded(clock: TestClock):
    tokens = AccessTokens(KEY, issuer="merx", audience="merx-api", clock=clock, remember=10)
    for _ in range(30):
        tokens.verify(tokens.issue(new_id(), ActorKind.customer))
    assert len(tokens._known) == 10


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "other"}, {"aud": None}, {"iss": "other"}, {"iss": None}, {"exp": None}, {"jti": None}, {"jti": ""},
        {"sub": None}, {"sub": "nobody"}, {"kind": "system"}, {"kind": "anonymous"}, {"kind": None},
        {"exp": int(START.timestamp()) - 61, "iat": int(START.timestamp()) - 300}, {"iat": int(START.timestamp()) + 61},
        {"exp": "tomorrow"}, {"exp": 2**80}, {"aud": ["merx-api"]}, {"scope": ["a"]}, {"exp": float("nan")},
    ],
)  # fmt: skip
def test_wrong_claims_are_refused(tokens: AccessTokens, change: dict[str, object]):
    with pytest.raises(Unauthenticated):
        tokens.verify(forged(claims(**change), header_of(tokens)))


def test_a_token_from_a_host_whose_clock_is_ahead_is_accepted(tokens: AccessTokens):
    tokens.verify(forged(claims(iat=int(START.timestamp()) + 30), header_of(tokens)))


@pytest.mark.filterwarnings("ignore:The HMAC key is")
def test_wrong_headers_and_algorithms_are_refused(tokens: AccessTokens):
    good = header_of(tokens)
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = KEY.public_key().public_bytes_raw()
    bad = [
        forged(claims(), good | {"typ": "JWT"}),
        forged(claims(), good | {"typ": "refresh+jwt"}),
        forged(claims(), good | {"kid": "../../../dev/null"}),
        forged(claims(), good | {"crit": ["exp"]}),
        forged(claims(), good | {"jku": "https://evil.example/keys"}),
        forged(claims(), good, key=Ed25519PrivateKey.generate()),
        forged(claims(), good, key="x" * 32, algorithm="HS256"),
        forged(claims(), good, key=public, algorithm="HS512"),
        forged(claims(), good, key=rsa_key, algorithm="RS256"),
        forged(claims(), good, key=None, algorithm="none"),
    ]
    head, body, signature = tokens.issue(new_id(), ActorKind.customer).split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    bad += [
        f"{none}.{body}.", f"{head}.{body}.", f"{head}.{body}", head, "", "..", ".", f"{head}.{body}.{signature}x",
        f"{head}.{body[:-2]}.{signature}", f"{head}.{body}.{signature}." + "x", head + "." + "A" * 65_536 + ".x",
        f"{head}.{base64.urlsafe_b64encode(b'[' * 2000).decode()}.{signature}", "ключ", "\ud800", f"{head}.\x00.x",
    ]  # fmt: skip
    for token in bad:
        with pytest.raises(InvalidToken):
            tokens.verify(token)


def test_keys_are_made_once_and_private(tmp_path: Path):
    first = ensure_keys(tmp_path / "keys")
    second = ensure_keys(tmp_path / "keys")
    assert first.secret == second.secret
    assert first.signing.keys[0].key.private_bytes_raw() == second.signing.keys[0].key.private_bytes_raw()
    assert len(first.secret) >= 32
    for name in ("secret", "token.pem"):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600
    assert "secret" not in repr(first).lower()


def test_memory_storage_writes_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert len(load_keys(Settings(storage="memory")).secret) >= 32
    assert list(tmp_path.iterdir()) == []
    load_keys(Settings())
    assert (tmp_path / ".merx" / "token.pem").exists()


def test_a_token_names_who_acts_in_the_place_of_the_account():
    tokens = AccessTokens(Ed25519PrivateKey.generate(), issuer="t", audience="t", clock=SystemClock())
    account, helper = new_id(), new_id()
    token = tokens.issue(account, ActorKind.customer, impersonator=helper)
    assert jwt.decode(token, options={"verify_signature": False})["act"] == {"sub": str(helper)}
    actor = tokens.verify(token)
    assert (actor.account_id, actor.impersonator) == (account, helper)
    assert "act" not in jwt.decode(tokens.issue(account, ActorKind.customer), options={"verify_signature": False})


def test_guest_tokens_open_one_thing_only():
    guests = GuestTokens(b"k" * 32)
    cart, other = new_id(), new_id()
    token = guests.issue("cart", cart)
    assert guests.issue("cart", cart) == token
    assert guests.check("cart", cart, token)
    for kind, subject, text in [
        ("order", cart, token), ("cart", other, token), ("cart", cart, None), ("cart", cart, ""),
        ("cart", cart, "é" * 43),
        ("cart", cart, token + "A"), ("cart", cart, token[:-1]), ("cart", cart, "\udcff"), ("cart", cart, "x" * 10_000),
    ]:  # fmt: skip
        assert not guests.check(kind, subject, text)
    assert not GuestTokens(b"z" * 32).check("cart", cart, token)
    with pytest.raises(ValueError, match="32 bytes"):
        GuestTokens(b"short")
