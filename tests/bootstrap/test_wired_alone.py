"""A process of a shop imports what it needs by itself: tests import more than a shop does."""

import subprocess
import sys
from pathlib import Path

import pytest

WIRED = """
from merx.bootstrap.container import App
from merx.infra.settings import Settings

App(Settings(database_url="postgresql://merx@127.0.0.1:1/merx", data_dir="data", secret="s" * 32))
"""


@pytest.mark.services
def test_the_application_is_wired_on_postgresql_in_a_fresh_interpreter(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", WIRED], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
