"""What a person sees when `merx demo` can not work: one sentence, exit code 1, no traceback, nothing left running."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from merx.infra.embedded import DataFolder
from tests.support.leftovers import processes_of

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(sys.platform != "linux", reason="looks for left-over processes in /proc"),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    base = Path("/tmp") / f"merx-t-{os.getpid()}-{os.urandom(3).hex()}"  # noqa: S108 - short, for sockets
    base.mkdir(mode=0o755)
    yield base / "shop"
    assert processes_of(base) == []
    subprocess.run(["rm", "-rf", str(base)], check=True)


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "merx", "demo", "--data", str(folder), *arguments],
        env={k: v for k, v in os.environ.items() if not k.startswith("MERX_")}
        | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def refused(folder: Path, *arguments: str) -> str:
    shop = start(folder, *arguments)
    said, errors = shop.communicate(timeout=60)
    assert shop.returncode == 1, (said, errors)
    assert "Traceback" not in errors
    lines = errors.strip().splitlines()
    assert len(lines) == 1, errors
    assert lines[0].startswith("merx: ")
    return lines[0]


def test_a_second_start_on_the_same_folder(folder: Path) -> None:
    first = DataFolder(folder)
    first.open()
    try:
        assert f"is already running (process {os.getpid()})" in refused(folder, "--port", "0")
        assert "is already running" in refused(folder, "--port", "0", "--reset")
    finally:
        first.close()


def test_a_port_in_use(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = refused(folder, "--port", str(port))
    assert f"Port {port} on 127.0.0.1 is in use" in said
    assert "--port" in said
    assert not (folder / "pg").exists()  # found before anything was started


def test_a_damaged_folder(folder: Path) -> None:
    made = DataFolder(folder)
    made.open()
    made.close()
    (folder / "pg").mkdir()
    (folder / "pg" / "base").mkdir()
    assert "PG_VERSION is missing" in refused(folder, "--port", "0")


def test_a_folder_of_somebody_else_survives_a_reset(folder: Path) -> None:
    folder.mkdir()
    (folder / "thesis.tex").write_text("ten years of work")
    assert "not a Merx shop" in refused(folder, "--port", "0", "--reset")
    assert (folder / "thesis.tex").exists()


def test_a_catalogue_that_is_not_there(folder: Path) -> None:
    assert "no catalogue file" in refused(folder, "--port", "0", "--catalogue", str(folder / "none.jsonl"))
    assert not folder.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped_in_the_middle_of_the_first_start(folder: Path, number: int) -> None:
    shop = start(folder, "--port", "0")
    assert shop.stdout is not None
    assert "PostgreSQL: done" in shop.stdout.readline()
    began = time.monotonic()
    shop.send_signal(number)
    shop.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert processes_of(folder.parent) == []


def test_killed_in_the_middle_of_the_first_start(folder: Path) -> None:
    shop = start(folder, "--port", "0")
    assert shop.stdout is not None
    assert "PostgreSQL: done" in shop.stdout.readline()
    shop.kill()
    shop.communicate(timeout=10)
    deadline = time.monotonic() + 15
    while processes_of(folder.parent) and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    folder.mkdir(mode=0o755)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=420m", "none", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_too_little_space_is_told_before_anything_is_written(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(bytes(60 * 2**20))
    assert "needs 400 MB of free space and its disk has 35" in refused(small_disk / "shop", "--port", "0")


def test_a_disk_that_fills_up_during_the_first_start(small_disk: Path) -> None:
    shop = start(small_disk / "shop", "--port", "0")
    while not (small_disk / "shop" / "pg.new").exists():
        assert shop.poll() is None
        time.sleep(0.01)
    with (small_disk / "ballast").open("wb") as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(bytes(2**20))
            ballast.flush()
    _, errors = shop.communicate(timeout=60)
    assert shop.returncode == 1
    assert errors.startswith("merx: The disk")
    assert "is full; free some space" in errors
    assert len(errors.strip().splitlines()) == 1
