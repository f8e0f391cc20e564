"""Port trouble is told before anything starts."""

import os
import socket

import pytest

from merx.bootstrap.listen import free_port, port_problem


def test_a_free_port_has_no_problem() -> None:
    assert port_problem("127.0.0.1", free_port("127.0.0.1"), how="--port {port}") is None


@pytest.mark.parametrize("taken_on", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - for a moment, and nobody accepts
def test_a_port_in_use_is_named_with_a_free_one(taken_on: str) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((taken_on, 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = port_problem("127.0.0.1", port, how="--port {port}")
    assert said is not None
    assert said.startswith(f"Port {port} on 127.0.0.1 is in use by another program; choose another one with --port ")
    assert port_problem("127.0.0.1", int(said.rstrip(".").split()[-1]), how="") is None


def test_a_port_that_was_just_closed_may_be_used_again() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        client.connect(("127.0.0.1", port))
        server.accept()[0].close()  # leaves the server side in TIME_WAIT
    assert port_problem("127.0.0.1", port, how="") is None


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70000), ("192.0.2.1", 8000), ("no.such.host.invalid", 8000)])
def test_nonsense_is_one_sentence(host: str, port: int) -> None:
    said = port_problem(host, port, how="")
    assert said
    assert "\n" not in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may use every port")
def test_a_port_for_root_only() -> None:
    assert "needs more rights" in (port_problem("127.0.0.1", 80, how="") or "")
