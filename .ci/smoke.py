"""Starts a shop with the first command of README.md in a copy of this tree, places one order, stops it with Ctrl-C.

Standard library only: it runs before anything is installed. Fails when the shop does not come up, the order does not go
through, Ctrl-C does not end it, or a process of it is left.
"""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from readme_block import fenced_blocks

ROOT = Path(__file__).resolve().parent.parent
ORDER = ROOT / "tests" / "smoke" / "place_order.py"
UP_WITHIN = 600.0  # installing and the first start
DOWN_WITHIN = 20.0


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="merx-smoke-") as folder:
        # The server processes of a shop started by root run as another user and must reach the data folder.
        Path(folder).chmod(0o755)
        clone, data = Path(folder, "clone"), Path(folder, "data")
        _copy_tree(clone)
        port = _free_port()
        command = f"{fenced_blocks()[0].strip()} --port {port} --data {data}"
        print(f"$ {command}", flush=True)
        started = time.monotonic()
        shop = subprocess.Popen(
            ["bash", "-c", command],
            cwd=clone,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            # A shell that runs CI in the background hands down an ignored SIGINT; a terminal would not.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
        )
        try:
            _wait_until_ready(shop, port)
            print(f"\nready {time.monotonic() - started:.1f} s after the command", flush=True)
            subprocess.run(
                [clone / ".venv/bin/python", ORDER, f"http://127.0.0.1:{port}"],
                check=True,
                timeout=120,
                stdin=subprocess.DEVNULL,
            )
            _stop_like_ctrl_c(shop)
            _nothing_left(folder)
        finally:
            _end(shop, folder)
    print("smoke: started, took an order, stopped, left no process")
    return 0


def _copy_tree(target: Path) -> None:
    """The files of a fresh clone, with the edits that are not committed yet."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, names):
        source = ROOT / name
        if source.is_file():
            copy = target / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_ready(shop: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + UP_WITHIN
    while time.monotonic() < deadline:
        if shop.poll() is not None:
            raise SystemExit(f"smoke: the shop ended with exit code {shop.returncode} before it was ready")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/api/v1/health/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.25)
    raise SystemExit(f"smoke: not ready after {UP_WITHIN:.0f} s")


def _stop_like_ctrl_c(shop: subprocess.Popen[bytes]) -> None:
    started = time.monotonic()
    os.killpg(shop.pid, signal.SIGINT)
    try:
        shop.wait(DOWN_WITHIN)
    except subprocess.TimeoutExpired:
        raise SystemExit(f"smoke: still running {DOWN_WITHIN:.0f} s after Ctrl-C") from None
    print(f"stopped {time.monotonic() - started:.1f} s after Ctrl-C", flush=True)


def _nothing_left(folder: str) -> None:
    deadline = time.monotonic() + 5
    while (left := _processes_of(folder)) and time.monotonic() < deadline:
        time.sleep(0.2)
    if left:
        raise SystemExit("smoke: left running: " + "; ".join(left.values()))


def _processes_of(folder: str) -> dict[int, str]:
    """Processes whose command line names the temporary folder: installed programs and servers of this shop alone."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        except OSError:
            continue
        if folder in line and int(entry.parent.name) != os.getpid():
            found[int(entry.parent.name)] = line
    return found


def _end(shop: subprocess.Popen[bytes], folder: str) -> None:
    if shop.poll() is None:
        os.killpg(shop.pid, signal.SIGKILL)
    for pid in _processes_of(folder):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    sys.exit(main())
