"""docs/getting-started.md is true: its commands are run in their order, as pasted, against a shop of this test.

So are those of the pages that go on from there.
"""

import http.client
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.smoke.demo_smoke import Demo, free_port, until_mail
from tests.smoke.place_order import Shop, place_order

pytestmark = pytest.mark.services

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
# In this order: each leaves the shop as it found it, but for what it adds.
FURTHER = {
    "accounts": ("lin@example.com", '["Lin", "lin@example.com", true]', '"curl/'),
    "staff": ("Catalogue manager", "nina@example.com", '"deny"', "disabled"),
    "second-factors": ('"totp"', '"recovery_codes_left":9'),
    "users": ("+14155550100", "SAN FRANCISCO, CA 94105", '[["regulars"], ["marketing_email"]]'),
    "audit": ("is as it was written", "Casey Customer", "ticket 4711"),
    "operations": ("users.forget-consents", '["paused", null]', '{"items":[],"next":null}', "orders.totals-are-sums"),
    "privacy": ("data.json", "Confirm that we shall forget you", '"waiting"'),
}
# Seconds. A quiet machine needs ten for each; a command that waits for what never comes must not wait with the run.
PASTING, STARTING = 120, 120

# What a reader sees at once, a script has to be told: an answer that is no success, a command that fails or hangs.
CAREFUL = """
set -eEuo pipefail
trap 'echo "FAILED: $BASH_COMMAND" >&2' ERR
curl() { command curl --fail-with-body --show-error --max-time 20 "$@"; }
merx() { timeout 60 "$PWD/.venv/bin/merx" "$@"; }
"""


def blocks(language: str, page: str = PAGE) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```\n", page, re.MULTILINE | re.DOTALL)
    return [text for given, text in found if given == language]


@pytest.fixture
def clone() -> Iterator[Path]:
    """A folder where a reader stands: `.venv/bin/merx` in it, no shop yet."""
    with tempfile.TemporaryDirectory(prefix="merx-page-") as made:
        folder = Path(made)
        # The servers of a shop that root starts run as another account.
        folder.chmod(0o755)
        programs = folder / ".venv" / "bin"
        programs.mkdir(parents=True)
        for name, arguments in (("merx", "-m merx "), ("python", "")):
            script = programs / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n')
            script.chmod(0o755)
        yield folder


@pytest.fixture
def shop(clone: Path) -> Iterator[Demo]:
    demo = Demo(clone / ".merx")
    try:
        demo.start(STARTING / 3)
        yield demo
        demo.stop(signal.SIGINT)
    finally:
        if demo.process is not None and demo.process.poll() is None:
            demo.process.terminate()
            demo.process.wait(30)


def environ(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MERX_")}
    path = f"{folder / '.venv' / 'bin'}{os.pathsep}{kept['PATH']}"
    return kept | {"PATH": path, "PYTHONPATH": str(ROOT / "src")} | more


def paste(script: str, folder: Path, **more: str) -> str:
    """What the terminal shows. Written to a file: a pipe would be waited for as long as a grandchild holds it."""
    shown = folder / "terminal.txt"
    with shown.open("wb") as terminal:
        shell = subprocess.Popen(
            ["bash", "-c", CAREFUL + script],
            cwd=folder,
            env=environ(folder, **more),
            stdin=subprocess.DEVNULL,
            stdout=terminal,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = shell.wait(PASTING)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            shell.wait(5)
            pytest.fail(f"still running after {PASTING} s:\n{shown.read_text(errors='replace')}")
    told = shown.read_text(errors="replace")
    assert code == 0, told
    return told


@contextmanager
def servers(lines: list[str], folder: Path, port: int, **more: str) -> Iterator[str]:
    """Each line is a server in a terminal of its own; yields the shop's address once it answers."""
    started: list[subprocess.Popen[bytes]] = []
    log = folder / "servers.txt"
    try:
        for line in lines:
            with log.open("ab") as terminal:
                command = ["env", *shlex.split(line, comments=True)]
                started.append(
                    subprocess.Popen(
                        command,
                        cwd=folder,
                        env=environ(folder, **more),
                        stdin=subprocess.DEVNULL,
                        stdout=terminal,
                        stderr=subprocess.STDOUT,
                    )
                )
        deadline = time.monotonic() + STARTING
        while not ready(port):
            ended = [server for server in started if server.poll() is not None]
            assert not ended, log.read_text(errors="replace")
            assert time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
        for server in started:
            server.send_signal(signal.SIGINT)
        # 130 is that of a program ended by Ctrl-C.
        assert {server.wait(15) for server in started} <= {0, 130}, log.read_text(errors="replace")
    finally:
        for server in started:
            if server.poll() is None:
                server.kill()
                server.wait(5)


def ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/api/v1/health/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def test_what_the_page_says_can_be_pasted(shop: Demo, clone: Path) -> None:
    script = "".join(blocks("sh"))
    assert script.count("localhost:8000") == 1
    told = paste(script.replace("localhost:8000", f"localhost:{shop.port}"), clone)
    for seen in (
        "linen shirt",
        "Your order",
        "ada@example.com",
        '"placed", "shipped"',
        '["completed", "paid"]',
        "Harbourlight Linen Shirt",
        "Desk lamp",
    ):
        assert seen in told, f"{seen!r} is not in\n{told}"
    start = blocks("sh")[0].replace("localhost:8000", f"localhost:{shop.port}")
    for name, expected in FURTHER.items():
        page = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        told = paste(start + "".join(blocks("sh", page)), clone)
        for seen in expected:
            assert seen in told, f"{seen!r} of {name}.md is not in\n{told}"


def test_a_shop_without_any_service(clone: Path) -> None:
    (line,) = (block.strip() for block in blocks("") if "MERX_STORAGE=memory" in block)
    (password,) = re.findall(r"sign in as `staff@merx.example` with the password `(.+?)`", PAGE)
    port = free_port()
    with servers([line.replace("--port 8001", f"--port {port}")], clone, port) as base:
        place_order(base)
        body = {"email": "staff@merx.example", "password": password}
        assert Shop(base).ask("POST", "/auth/login", body)["access_token"]
    assert not (clone / ".merx").exists()


def test_a_shop_on_servers_of_ones_own(clone: Path, empty_database_url: str, redis_url: str) -> None:
    (block,) = (block for block in blocks("") if block.startswith("export MERX_DATABASE_URL="))
    export, *commands = block.splitlines()
    names = re.findall(r"(MERX_\w+)=", export)
    more = dict(zip(names, (empty_database_url, redis_url), strict=True)) | {"MERX_PORT": str(port := free_port())}
    endless = [line for line in commands if re.match(r"merx (serve|worker|schedule)\b", line)]
    once = [line for line in commands if line not in endless]
    assert len(once) == 2
    assert len(endless) == 3
    paste("\n".join(once), clone, **more)
    with servers(endless, clone, port, **more) as base:
        order = place_order(base)
        until_mail(clone / ".merx", order["number"])
