"""The command line itself: discovery, help, one sentence for a failure."""

import argparse
import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from merx.bootstrap import cli, failures
from merx.bootstrap.demo.environment import join_running_shop, publish, shop_environment, withdraw
from merx.infra.embedded import DataFolder, EmbeddedError


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["--help"])
    assert left.value.code == 0
    said = capsys.readouterr().out
    for name, module_name in cli._modules().items():
        assert name in said
        module = cli._load(module_name)
        assert module.__doc__
        module.configure(argparse.ArgumentParser())
        assert callable(module.run)


def test_help_loads_no_framework() -> None:
    code = """
import sys
from merx.bootstrap import cli
try: cli.main(["--help"])
except SystemExit: pass
heavy = {"litestar", "sqlalchemy", "uvicorn", "taskiq", "redis", "asyncpg", "alembic", "rich"} & set(sys.modules)
print(heavy, file=sys.stderr)
sys.exit(bool(heavy))
"""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_command_shows_the_values_of_variables_in_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """loguru reads this when it is imported, which is later."""
    monkeypatch.delenv("LOGURU_DIAGNOSE", raising=False)
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert os.environ["LOGURU_DIAGNOSE"] == "NO"


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["frobnicate"])
    assert left.value.code == 2
    assert "frobnicate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "port", "said"),
    [
        (["demo", "--cataloge", "x"], "", "merx demo: error: unrecognized arguments: --cataloge x"),
        (["demo"], "abc", "merx demo: error: argument --port: invalid int value: 'abc'"),
        (["mail", "list", "--limit", "x"], "", "argument --limit: a whole number, at least 1"),
    ],
)
def test_a_wrong_argument_is_told_by_the_command_itself(
    arguments: list[str],
    port: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MERX_PORT", port)
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 2
    assert said in capsys.readouterr().err


def test_a_wrong_setting_is_one_message_without_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MERX_DATABASE_URL", "mysql://nowhere")
    assert cli.main(["migrate"]) == 1
    said = capsys.readouterr().err
    assert "MERX_DATABASE_URL" in said
    assert "Traceback" not in said


class _Refused(Exception):
    sqlstate = "53100"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (EmbeddedError("The folder is wrong."), "The folder is wrong."),
        (OSError(errno.ENOSPC, "No space left on device"), failures.DISK_FULL),
        (_Refused("could not extend file"), failures.DISK_FULL),
    ],
)
def test_a_known_failure_is_a_sentence_however_it_is_wrapped(error: Exception, expected: str) -> None:
    assert failures.sentence(error) == expected
    if not isinstance(error, EmbeddedError):
        wrapped = RuntimeError("statement failed")
        wrapped.__cause__ = error
        assert failures.sentence(wrapped) == expected
        assert failures.sentence(ExceptionGroup("tasks", [error])) == expected


def test_a_mistake_of_ours_keeps_its_traceback() -> None:
    assert failures.sentence(KeyError("x")) is None


def test_other_terminals_find_a_running_shop(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "shop")
    folder.open()
    made = shop_environment(
        folder,
        host="127.0.0.1",
        port=8123,
        database_url="postgresql://d",
        owner_url="postgresql://o",
        redis_url="unix:///r",
    )
    publish(folder, made)
    environ = {"MERX_DATA_DIR": str(folder.path), "MERX_CURRENCY": "EUR"}
    join_running_shop(environ)
    assert environ["MERX_DATABASE_URL"] == "postgresql://d"
    assert environ["MERX_CURRENCY"] == "EUR"
    named = {"MERX_DATA_DIR": str(folder.path), "MERX_STORAGE": "memory"}
    join_running_shop(named)
    assert "MERX_DATABASE_URL" not in named
    withdraw(folder)
    after = {"MERX_DATA_DIR": str(folder.path)}
    join_running_shop(after)
    assert "MERX_DATABASE_URL" not in after
    folder.close()
