"""The whole life of `merx demo` in an empty folder: first start, an order, its mail, Ctrl-C, second start, kill -9.

    python tests/smoke/demo_smoke.py [--strict]

Prints how long each start took; with --strict a start that takes longer than promised (on a quiet machine with two
cores) is an error. Run it with the interpreter that has Merx installed.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "src"))
sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.smoke.place_order import EMAIL, Surprise, place_order
from tests.support.leftovers import processes_of

COLD_SECONDS = 60.0
WARM_SECONDS = 6.0
STOP_SECONDS = 15.0
MAIL_SECONDS = 15.0


class Demo:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, limit: float) -> float:
        began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "merx", "demo", "--port", str(self.port), "--data", str(self.folder)],
            # Compiled files are part of every real installation.
            env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
            | {"PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.DEVNULL,
        )
        while not self.ready():
            if self.process.poll() is not None:
                raise Surprise(f"merx demo ended with code {self.process.returncode}")
            if time.monotonic() - began > limit * 3:
                raise Surprise(f"not ready after {limit * 3:.0f} s")
            time.sleep(0.05)
        took = time.monotonic() - began
        if took > limit and "--strict" in sys.argv:
            raise Surprise(f"ready after {took:.1f} s, allowed are {limit:.0f} s")
        return took

    def ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/api/v1/health/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self, number: int) -> float:
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(number)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise Surprise(f"still running {STOP_SECONDS:.0f} s after signal {number}") from None
        deadline = time.monotonic() + (STOP_SECONDS if number == signal.SIGKILL else 1)
        while left := processes_of(self.folder):
            if time.monotonic() > deadline:
                raise Surprise("left running:\n" + "\n".join(left))
            time.sleep(0.05)
        return time.monotonic() - began

    def child(self, name: str) -> int:
        return int(json.loads((self.folder / "run" / f"{name}.child").read_text())["pid"])


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="merx-demo-") as base:
        Path(base).chmod(0o755)
        demo = Demo(Path(base) / "shop")
        try:
            print(f"first start {demo.start(COLD_SECONDS):.1f} s")
            order = place_order(demo.base)
            print(f"mail after {until_mail(demo.folder, order['number']):.1f} s")
            print(f"stopped by Ctrl-C in {demo.stop(signal.SIGINT):.1f} s")
            print(f"second start {demo.start(WARM_SECONDS):.1f} s")
            print(f"API back {until_api_is_back(demo):.1f} s after its kill -9")
            place_order(demo.base)
            print(f"everything ended {demo.stop(signal.SIGKILL):.1f} s after kill -9 of the supervisor")
            print(f"third start {demo.start(WARM_SECONDS):.1f} s")
            place_order(demo.base)
            print(f"stopped by SIGTERM in {demo.stop(signal.SIGTERM):.1f} s")
        except BaseException:
            for log in sorted((demo.folder / "log").glob("*.log")):
                print(f"---- {log.name}\n{log.read_text(errors='replace')[-2000:]}")
            if demo.process is not None:
                demo.process.terminate()
                demo.process.wait(30)
            raise


def until_mail(folder: Path, number: str) -> float:
    began = time.monotonic()
    while time.monotonic() - began < MAIL_SECONDS:
        for mail in (folder / "mail").rglob("*.eml"):
            text = mail.read_text(errors="replace")
            if EMAIL in text and number in text:
                return time.monotonic() - began
        time.sleep(0.1)
    raise Surprise(f"no mail for order {number} in {folder / 'mail'}")


def until_api_is_back(demo: Demo) -> float:
    began = time.monotonic()
    killed = demo.child("serve")
    os.kill(killed, signal.SIGKILL)
    while demo.child("serve") == killed or not demo.ready():
        if time.monotonic() - began > 15:
            raise Surprise("the API was not started again")
        time.sleep(0.05)
    return time.monotonic() - began


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    try:
        main()
    except Surprise as surprise:
        print(f"demo_smoke: {surprise}", file=sys.stderr)
        sys.exit(1)
