"""The processes of a measurement: PostgreSQL with durable commits, the API as `merx serve` runs it, bare floors."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from merx.infra.embedded import EmbeddedPostgres
from tests.bench.kit.load import Answer, drive, request

ROOT = Path(__file__).parents[3]
# What `merx serve` gives uvicorn (src/merx/bootstrap/commands/serve.py).
UVICORN = (
    "--loop uvloop --http merx.infra.http.protocol:GuardedProtocol --ws none --lifespan on --no-access-log"
    " --log-level error --no-server-header --no-proxy-headers --backlog 2048 --timeout-keep-alive 65"
).split()
SERVE = "from merx.bootstrap.cli import main; raise SystemExit(main())"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def python_path() -> str:
    """This checkout first, for processes that we start."""
    return os.pathsep.join(filter(None, (str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH"))))


@contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder that PostgreSQL's own account may enter, with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="mxb-", ignore_cleanup_errors=True) as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@contextmanager
def postgres(home: Path) -> Iterator[EmbeddedPostgres]:
    """As a shop runs it: fsync, full_page_writes and synchronous_commit are on."""
    server = EmbeddedPostgres(home / "pg", run=home / "run", log=home / "pg.log")
    asyncio.run(server.start())
    try:
        yield server
    finally:
        asyncio.run(server.stop())


class Server:
    """One process that listens on a port of 127.0.0.1."""

    def __init__(self, name: str, command: list[str], environment: Mapping[str, str], home: Path, port: int) -> None:
        self.name, self.port = name, port
        self._log = home / f"{name}.log"
        self.started = time.perf_counter()
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env={**os.environ, "PYTHONPATH": python_path(), **environment}, stdout=log, stderr=log
            )
        self._usage = psutil.Process(self.process.pid)

    def ask(
        self, path: str, method: str = "GET", body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        found: list[Answer] = []

        def user():
            found.append((yield request(method, path, body, headers)))

        drive(self.port, [user()], 60)
        return found[0]

    def ready(self, path: str, seconds: float = 60.0) -> float:
        """Waits for a 200; returns the seconds since the process was started. Raises RuntimeError with its log."""
        while time.perf_counter() - self.started < seconds and self.process.poll() is None:
            try:
                if self.ask(path).status == 200:
                    return time.perf_counter() - self.started
            except OSError:
                pass
            time.sleep(0.01)
        raise RuntimeError(f"{self.name} does not answer {path}:\n{self._log.read_text(errors='replace')[-3000:]}")

    def cpu(self) -> float:
        """Seconds of CPU used so far, all threads."""
        times = self._usage.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> int:
        """Resident bytes."""
        return int(self._usage.memory_info().rss)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    try:
        yield server
    finally:
        server.stop()


def api(home: Path, environment: Mapping[str, str], name: str = "merx") -> Server:
    """`merx serve`: one process, the settings it has by default."""
    port = free_port()
    return Server(name, [sys.executable, "-c", SERVE, "serve", "--port", str(port)], environment, home, port)


def asgi(factory: str, home: Path, environment: Mapping[str, str], name: str = "floor") -> Server:
    """Another application in the same server with the same settings; `factory` as in `module:function`."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "--factory", factory, "--port", str(port), *UVICORN]
    return Server(name, command, environment, home, port)
