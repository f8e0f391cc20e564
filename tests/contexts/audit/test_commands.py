"""The trail at a terminal, and what the command line itself leaves there."""

import argparse
from pathlib import Path

import asyncpg
import msgspec
import pytest

from merx.bootstrap.cli import _load, _modules, main
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
        "operations.dead-letters-retried",
        "identity.signing-key-rotated",
    ]
    assert all(" system" in line for line in listed)
    assert main(["audit", "list", "--action", "operations"]) == 0
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
    assert "2020-01-01 has no rows" in capsys.readouterr().out


def test_keys_change_although_the_database_is_away(
    terminal: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MERX_DATABASE_URL", "postgresql://merx_app@127.0.0.1:1/merx")
    before = (terminal / "keys" / "token.pem").read_bytes()
    assert main(["keys", "rotate"]) == 0
    assert "not in the audit trail" in capsys.readouterr().err
    assert (terminal / "keys" / "token.pem").read_bytes() != before


# Commands and their actions that change nothing of the shop, and why.
SPARED = {
    "audit verify": "reads the trail",
    "audit list": "reads the trail",
    "config": "shows settings",
    "demo": "starts processes; what it puts in goes the way of `seed`",
    "invariants": "reads",
    "keys list": "shows names of keys",
    "mail list": "shows the mailbox of this machine",
    "mail show": "shows the mailbox of this machine",
    "migrate": "makes the table that the trail is in; the database keeps its own record of versions",
    "openapi": "prints the document",
    "schedule": "is a process of the shop",
    "serve": "is a process of the shop",
    "worker": "is a process of the shop",
}
STAFF_EMAIL = "staff@merx.example"
# In this order, for one needs what another one made: what is typed behind the command, and the rows that come of it.
PLAYED = {
    "seed": (
        ["--catalogue", "FILE"],
        ["identity.account-made", "shipping.zone-created", "catalog.import-begun", "catalog.import-finished"],
    ),
    "import": (["--again", "FILE"], ["catalog.import-begun", "catalog.import-finished"]),
    "keys rotate": ([], ["identity.signing-key-rotated"]),
    "reindex": (["--quiet"], ["search.index-rebuilt"]),
    "replay": ([], ["operations.dead-letters-retried"]),
    "second-factors remove": (["--email", STAFF_EMAIL], ["identity.factors-removed"]),
    "token": (["--email", STAFF_EMAIL], ["identity.staff-token-issued"]),
}


def commands() -> set[str]:
    """Every command with each of its actions, as it is typed."""
    found = set()
    for name, module in _modules().items():
        parser = argparse.ArgumentParser()
        _load(module).configure(parser)
        actions = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
        found |= {f"{name} {action}" for each in actions for action in each.choices} if actions else {name}
    return found


def test_every_command_that_changes_something_leaves_a_row(
    terminal: Path, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands() == {*SPARED, *PLAYED}, "a command is played here, or spared for a reason"
    feed = terminal / "lamps.jsonl"
    lamp = {"id": "1", "name": "Lamp", "category": ["Home"], "price": 10, "currency": "USD", "brand": "Acme"}
    feed.write_bytes(msgspec.json.encode(lamp) + b"\n" + msgspec.json.encode(lamp | {"id": "2", "price": -1}))
    known, wrong = 0, []
    for command, (typed, expected) in PLAYED.items():
        arguments = [str(feed) if word == "FILE" else word for word in typed]
        assert main([*command.split(), *arguments]) == 0, (command, capsys.readouterr().err)
        rows = run_aside(new_rows(database_url, known))
        known += len(rows)
        missing = set(expected) - {row["action"] for row in rows}
        wrong += [f"{command} leaves no {action}" for action in sorted(missing)]
        wrong += [f"{command}: {row['action']} is not the system's" for row in rows if row["actor_kind"] != "system"]
        if command == "import":
            (begun, finished) = [msgspec.json.decode(row["changes"]) for row in rows]
            assert begun["file"]["after"] == finished["file"]["after"] == "lamps.jsonl"
            counts = [finished[name]["after"] for name in ("lines_done", "products", "refused")]
            assert counts == [2, 1, 1]
    assert wrong == []
    # A file that is there already brings nothing, and an import that changes nothing is no doing.
    assert main(["import", str(feed)]) == 0
    assert run_aside(new_rows(database_url, known)) == []


async def new_rows(url: str, after: int) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        rows: list[asyncpg.Record] = await connection.fetch(
            "select action, actor_kind, changes::text from audit.entry where seq > $1 order by seq", after
        )
        return rows
    finally:
        await connection.close()
