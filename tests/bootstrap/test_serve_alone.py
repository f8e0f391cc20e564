"""`merx serve` while its database is away: it starts, says so in one sentence, and turns callers away."""

import os
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from merx.bootstrap.listen import free_port

pytestmark = pytest.mark.services

_SERVE = "from merx.bootstrap.cli import main; raise SystemExit(main())"


def status_of(url: str) -> int:
    """0 while nobody answers."""
    try:
        return httpx.get(url, timeout=2).status_code
    except httpx.TransportError:
        return 0


def test_it_says_so_without_a_traceback(tmp_path: Path):
    port = free_port("127.0.0.1")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MERX_")} | {
        "MERX_DATABASE_URL": "postgresql://shop@127.0.0.1:9/shop",
        "MERX_REDIS_URL": "redis://127.0.0.1:9",
        "MERX_DATA_DIR": str(tmp_path),
        "MERX_PORT": str(port),
    }
    base = f"http://127.0.0.1:{port}/api/v1"
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, "serve"], env=environment, cwd=tmp_path, stdout=log, stderr=log
        )
        try:
            end = time.monotonic() + 30
            while status_of(f"{base}/health/live") != 200 and time.monotonic() < end:
                assert process.poll() is None, (tmp_path / "log").read_text()
                time.sleep(0.1)
            assert status_of(f"{base}/health/ready") == 503
            assert status_of(f"{base}/products") == 503
        finally:
            process.terminate()
            process.wait(timeout=20)
    said = (tmp_path / "log").read_text()
    assert "Traceback" not in said
    assert said.count("Does MERX_DATABASE_URL name a server that runs?") == 1
