"""Keys are changed while the shop is open: nobody is signed out, and a key that was taken away stops."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from merx.infra.keys import KeyRing, SigningKey, ensure_keys, read_keys, rotate_keys
from merx.infra.settings import SettingsError
from merx.infra.tokens import AccessTokens, InvalidToken
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id
from tests.support.clock import FixedClock


def process(path: Path, clock: FixedClock) -> AccessTokens:
    return AccessTokens(KeyRing(path=path), issuer="merx", audience="merx", clock=clock)


def kid(tokens: AccessTokens) -> str:
    return tokens._header["kid"]


@pytest.fixture(params=["file", "folder"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    ensure_keys(tmp_path)
    return tmp_path / "token.pem" if request.param == "file" else tmp_path


def issue(tokens: AccessTokens, ttl: int = 300) -> str:
    return tokens.issue(new_id(), ActorKind.staff, ["a:b"], ttl=ttl)


def test_after_a_rotation_the_new_key_signs_and_the_old_one_verifies(path: Path):
    clock = FixedClock()
    first, second = process(path, clock), process(path, clock)
    old = issue(first)
    rotate_keys(path, clock.now())
    clock.advance(timedelta(seconds=31))
    new = issue(first)
    assert new.split(".")[0] != old.split(".")[0]
    # The other process has not looked yet: the unknown key makes it look.
    for token in (new, old):
        assert second.verify(token).may("a:b")
        assert first.verify(token).may("a:b")
    assert [each["kid"] for each in second.public_keys()][-1] == kid(first)
    assert len(second.public_keys()) == 2


def test_an_announced_key_verifies_before_it_signs(path: Path):
    clock = FixedClock()
    tokens = process(path, clock)
    before = kid(tokens)
    rotate_keys(path, clock.now(), timedelta(minutes=10))
    clock.advance(timedelta(minutes=9))
    issue(tokens)
    assert kid(tokens) == before
    assert len(tokens.public_keys()) == 2
    clock.advance(timedelta(minutes=2))
    token = issue(tokens)
    assert kid(tokens) != before
    tokens.verify(token)


def test_a_key_that_was_taken_away_stops_for_remembered_tokens_too(tmp_path: Path):
    ensure_keys(tmp_path)
    clock = FixedClock()
    tokens = process(tmp_path, clock)
    stolen = issue(tokens, 3600)
    tokens.verify(stolen)
    rotate_keys(tmp_path, clock.now())
    (tmp_path / "token.pem").unlink()
    clock.advance(timedelta(seconds=31))
    with pytest.raises(InvalidToken):
        tokens.verify(stolen)


def test_keys_are_taken_away_when_nothing_they_signed_is_left(path: Path):
    clock = FixedClock()
    rotate_keys(path, clock.now())
    clock.advance(timedelta(days=30))
    assert rotate_keys(path, clock.now())[1] == 0
    assert len(read_keys(path)) == 3
    clock.advance(timedelta(days=2))
    assert rotate_keys(path, clock.now())[1] == 1
    assert len(read_keys(path)) == 3
    assert all(file.stat().st_mode & 0o077 == 0 for file in path.parent.glob("*.pem"))


def test_keys_that_cannot_be_read_again_stay(tmp_path: Path):
    ensure_keys(tmp_path)
    clock = FixedClock()
    tokens = process(tmp_path, clock)
    token = issue(tokens)
    for damage in (lambda file: file.write_bytes(b"half"), lambda file: file.unlink()):
        damage(tmp_path / "token.pem")
        clock.advance(timedelta(seconds=31))
        tokens.verify(token)


class LookingRing(KeyRing):
    looks = 0

    def renew(self) -> bool:
        self.looks += 1
        return super().renew()


def test_unknown_keys_make_nobody_read_files_all_the_time(tmp_path: Path):
    ensure_keys(tmp_path)
    clock = FixedClock()
    ring = LookingRing(path=tmp_path)
    tokens = AccessTokens(ring, issuer="merx", audience="merx", clock=clock)
    foreign = issue(AccessTokens(Ed25519PrivateKey.generate(), issuer="merx", audience="merx", clock=clock))
    ring.looks = 0
    clock.advance(timedelta(seconds=2))
    for _ in range(50):
        with pytest.raises(InvalidToken):
            tokens.verify(foreign)
    assert ring.looks == 1


def test_the_order_is_that_of_their_times(tmp_path: Path):
    day = datetime(2026, 1, 1, tzinfo=UTC)
    for name, since in {"a": day + timedelta(days=2), "b": None, "c": day}.items():
        (tmp_path / f"{name}.pem").write_bytes(SigningKey(Ed25519PrivateKey.generate(), since).pem())
    assert [key.since for key in read_keys(tmp_path)] == [None, day, day + timedelta(days=2)]
    assert "PRIVATE" not in repr(read_keys(tmp_path))


@pytest.mark.parametrize("content", ["ssh-ed25519 AAAA", "P-256"])
def test_a_file_that_holds_no_key_of_ours_is_a_wrong_setting(tmp_path: Path, content: str):
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "token.pem").write_bytes(other if content == "P-256" else content.encode())
    with pytest.raises(SettingsError, match="Ed25519 private key"):
        ensure_keys(tmp_path)
