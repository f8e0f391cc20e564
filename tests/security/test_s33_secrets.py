"""S33: no process starts with a secret that is missing, empty, blank, known or easily guessed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from merx.bootstrap.api import create_app
from merx.infra.settings import Settings, SettingsError, load_settings

GOOD = "Zq4vXc81mPkw93hTbnRUyeLaS7d2GfJ0"
# Too short, blank, of one piece, or what stands in examples; each long enough but for the first.
GUESSED = (
    *("short", GOOD[:31], " " * 40, "\t" * 40, "a" * 64, "abab" * 10, "0" * 32, "1234567" * 6),
    *(f"{word}-{GOOD}" for word in ("secret", "changeme", "CHANGE-ME", "default", "password", "example", "test")),
)


def refused(environ: dict[str, str], name: str) -> bool:
    """By name, and without saying the value."""
    try:
        load_settings(environ)
    except SettingsError as error:
        text = str(error)
        value = environ.get(name, "").strip()
        return name in text and ("_FILE" in name or len(value) < 8 or value not in text)
    return False


def test_s33_no_secret_that_can_be_guessed(production: dict[str, str]):
    without_file = {name: value for name, value in production.items() if name != "MERX_SECRET_FILE"}
    assert load_settings(without_file | {"MERX_SECRET": GOOD}).secret == GOOD
    passed = [text for text in GUESSED if not refused(without_file | {"MERX_SECRET": text}, "MERX_SECRET")]
    assert passed == []
    # Without production, too: what is set is meant to be secret.
    passed = [text for text in GUESSED if text.strip() and not refused({"MERX_SECRET": text}, "MERX_SECRET")]
    assert passed == []


def test_s33_missing_and_empty(production: dict[str, str]):
    for name in ("MERX_SECRET_FILE", "MERX_TOKEN_KEY_FILE"):
        for changed in ({**production, name: ""}, {**production, name: "   "}, {**production, name: "/nowhere"}):
            assert refused(changed, name), changed[name]
        assert refused({key: value for key, value in production.items() if key != name}, name)


@pytest.mark.parametrize("content", ["", "\n", " " * 40, "a" * 64, "changeme" * 5, "short\n"])
def test_s33_files_are_looked_into(production: dict[str, str], tmp_path: Path, content: str):
    file = tmp_path / "weak"
    file.write_text(content)
    assert refused(production | {"MERX_SECRET_FILE": str(file)}, "MERX_SECRET_FILE")


def test_s33_the_metrics_token_is_a_secret(production: dict[str, str]):
    for text in ("short", "a" * 40, "changeme-changeme-changeme", "tokentokentoken"):
        assert refused(production | {"MERX_METRICS_TOKEN": text}, "MERX_METRICS_TOKEN"), text


def test_s33_settings_made_in_code_are_checked_as_well():
    with pytest.raises(SettingsError):
        create_app(Settings(secret="changeme" * 5, storage="memory"))


@pytest.mark.services
@pytest.mark.parametrize("command", ["serve", "worker", "schedule"])
def test_s33_no_process_boots(production: dict[str, str], command: str):
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MERX_")}
    environ |= production | {"MERX_SECRET_FILE": "", "MERX_SECRET": f"changeme-{GOOD}"}
    ended = subprocess.run(
        [sys.executable, "-m", "merx", command], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode not in (0, -9)
    assert "MERX_SECRET starts like a placeholder" in ended.stderr + ended.stdout
    assert "Traceback" not in ended.stderr
