"""The whole life of the one-command shop, as the smoke script lives it."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "smoke" / "demo_smoke.py"


@pytest.mark.services
@pytest.mark.skipif(sys.platform != "linux", reason="looks for left-over processes in /proc")
def test_first_start_order_mail_ctrl_c_second_start_and_kills() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT)], check=False, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
