"""S23, S24: `merx serve` as a process of its own, asked byte for byte over a socket."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.support.protection import unprotected

pytestmark = pytest.mark.services

_SERVE = "from merx.bootstrap.cli import main; raise SystemExit(main())"
_TOO_LONG = 20.0


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    port, folder = _free_port(), tmp_path_factory.mktemp("serve")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MERX_")}
    environment |= {"MERX_STORAGE": "memory", "MERX_PUBLIC_URL": "https://shop.example", "MERX_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, "serve"], env=environment, cwd=folder, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=_TOO_LONG)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _TOO_LONG
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the API did not start")


def ask(port: int, request: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    with socket.create_connection(("127.0.0.1", port), timeout=_TOO_LONG) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        wire = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = wire.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = [(name.lower(), value) for name, _, value in (line.partition(b": ") for line in lines)]
    return int(status.split()[1]), headers, body


def test_s23_s24_on_a_socket(port: int):
    live, host = "/api/v1/health/live", "Host: shop.example\nConnection: close\n"
    found = []
    for request, status in (
        (f"GET {live} HTTP/1.1\n{host}\n", 200),
        (f"HEAD {live} HTTP/1.1\n{host}\n", 200),
        ("GET /api/v1/categories HTTP/1.1\nHost: shop.example\n\n", 200),
        (f"GET /nowhere HTTP/1.1\n{host}\n", 404),
        (f"POST /api/v1/auth/login HTTP/1.1\n{host}Content-Type: text/plain\nContent-Length: 2\n\n{{}}", 415),
        ("GET /api/v1/products HTTP/1.0\n\n", 400),
        ("GET /api/v1/products HTTP/1.1\nHost: evil.example\nConnection: close\n\n", 400),
        (f"GET http://evil.example/api/v1/products HTTP/1.1\n{host}\n", 400),
        (f"GET http://shop.example/api/v1/products HTTP/1.1\n{host.replace('shop', 'evil')}\n", 200),
        ("GET / HTTP/9.9\n\n", 400),
        ("\x16\x03\x01\x02\n", 400),
        (f"GET /{'a' * 70_000} HTTP/1.1\n{host}\n", 414),
        (f"GET / HTTP/1.1\n{host}X: {'a' * 70_000}\n\n", 431),
    ):
        answered, headers, body = ask(port, request)
        problem = unprotected(headers, body, https=True)
        if answered != status or problem:
            found.append(f"{request[:60]!r}: {answered}, expected {status}: {problem}")
    assert found == [], "\n" + "\n".join(found)
