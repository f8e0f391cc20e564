"""The public keys over HTTP, and `merx keys`."""

import jwt
import pytest

from merx.bootstrap.cli import main
from merx.infra.keys import ensure_keys, read_keys
from merx.kernel.actor import ActorKind
from merx.kernel.ids import new_id


async def test_others_can_check_our_tokens_with_the_published_keys(client, memory_shop):
    answer = await client.get("/auth/jwks.json")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=300"
    account = new_id()
    token = memory_shop.access_tokens.issue(account, ActorKind.customer)
    keys = jwt.PyJWKSet.from_dict(answer.json())
    key = next(key for key in keys.keys if key.key_id == jwt.get_unverified_header(token)["kid"])
    options = {"verify_exp": False, "verify_iat": False}
    assert jwt.decode(token, key, algorithms=["EdDSA"], audience="t", options=options)["sub"] == str(account)
    assert all(set(each) == {"kty", "crv", "x", "kid", "use", "alg"} for each in answer.json()["keys"])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    ensure_keys(tmp_path)
    monkeypatch.setenv("MERX_DATABASE_URL", "postgresql://127.0.0.1:1/merx")
    monkeypatch.setenv("MERX_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("MERX_TOKEN_KEY_FILE", str(tmp_path / "token.pem"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_keys_are_listed_and_rotated_at_a_terminal(folder, capsys):
    assert main(["keys", "list"]) == 0
    (only,) = capsys.readouterr().out.splitlines()
    assert only.endswith("since the beginning  (signs)")
    assert main(["keys", "rotate"]) == 0
    assert main(["keys", "rotate", "--after", "10m"]) == 0
    capsys.readouterr()
    assert main(["keys", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.endswith("(signs)") for line in lines] == [False, True, False]
    assert len(read_keys(folder / "token.pem")) == 3


def test_a_shop_in_memory_has_no_files(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MERX_STORAGE", "memory")
    assert main(["keys", "rotate"]) == 1
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""
