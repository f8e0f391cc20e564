"""The trail at a terminal, and what the command line itself leaves there."""

from pathlib import Path

import asyncpg
import pytest

from merx.bootstrap.cli import main
from merx.infra.keys import ensure_keys
from tests.support.servers import run_aside

pytestmark = pytest.mark.services


@pytest.fixture
def terminal(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    keys = tmp_path / "keys"
    ensure_keys(keys)
    for name, value in {
        "MERX_DATABASE_URL": database_url,
        "MERX_DATA_DIR": str(tmp_path),
        "MERX_TOKEN_KEY_FILE": str(keys / "token.pem"),
        "MERX_SECRET_FILE": str(keys / "secret"),
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def edit(url: str) -> None:
    async def work() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute("update audit.entry set action = 'nothing.happened' where seq = 2")
        await connection.close()

    run_aside(work())


def test_keys_and_dead_letters_leave_rows_and_the_trail_is_proved(
    terminal: Path, owner_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert terminal.exists()
    assert main(["keys", "rotate", "--after", "10m"]) == 0
    assert main(["replay"]) == 0
    assert main(["keys", "rotate"]) == 0
    capsys.readouterr()
    assert main(["audit", "list"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in listed] == [
        "identity.signing-key-rotated",
        "platform.dead-letters-replayed",
        "identity.signing-key-rotated",
    ]
    assert all(" system" in line for line in listed)
    assert main(["audit", "list", "--action", "platform"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    for which in ([], ["--all"]):
        assert main(["audit", "verify", *which]) == 0
        assert "3 rows" in capsys.readouterr().out
    edit(owner_url)
    for which in ([], ["--all"]):
        assert main(["audit", "verify", *which]) == 1
        assert "row 2 of" in (said := capsys.readouterr().err)
        assert "was edited" in said
    assert main(["audit", "verify", "--day", "2020-01-01"]) == 0


def test_keys_change_although_the_database_is_away(
    terminal: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MERX_DATABASE_URL", "postgresql://merx_app@127.0.0.1:1/merx")
    before = (terminal / "keys" / "token.pem").read_bytes()
    assert main(["keys", "rotate"]) == 0
    assert "not in the audit trail" in capsys.readouterr().err
    assert (terminal / "keys" / "token.pem").read_bytes() != before
