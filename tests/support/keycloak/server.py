"""One Keycloak for a pytest process, started on first use. tests/conftest.py loads this module.

MERX_TEST_KEYCLOAK_URL names one that runs already, MERX_TEST_KEYCLOAK_ADMIN and MERX_TEST_KEYCLOAK_PASSWORD who may
make realms there. Else Maven brings the distribution, once for a machine, into MERX_TEST_CACHE or `merx-test` in
the user's folder of caches, and Java 17 or later runs it. Where there is neither, tests skip and say why; with
MERX_TEST_KEYCLOAK=required, as in `nox -s keycloak`, they fail.
"""

import fcntl
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from merx.infra.embedded import Process, spawn
from tests.support.servers import run_aside

VERSION = "26.4.0"
JAVA = 17
ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip"
DOWNLOAD_SECONDS, START_SECONDS, STOP_SECONDS = 300.0, 180.0, 20.0


@dataclass(frozen=True)
class KeycloakServer:
    """`url` without a slash at its end."""

    url: str
    admin: str
    password: str = field(repr=False)


class NoKeycloak(Exception):
    """The message says what is missing."""


@pytest.fixture(scope="session")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeycloakServer]:
    if given := os.environ.get("MERX_TEST_KEYCLOAK_URL"):
        admin = os.environ.get("MERX_TEST_KEYCLOAK_ADMIN", "admin")
        yield KeycloakServer(given.rstrip("/"), admin, os.environ.get("MERX_TEST_KEYCLOAK_PASSWORD", ""))
        return
    with started(archive_or_skip(), tmp_path_factory.mktemp("keycloak")) as server:
        yield server


def archive_or_skip() -> Path:
    """Skips what asks for it, or fails it where Keycloak is what the run is for."""
    try:
        return distribution()
    except NoKeycloak as missing:
        if os.environ.get("MERX_TEST_KEYCLOAK") == "required":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


def distribution() -> Path:
    """The archive with the server. Raises NoKeycloak."""
    missing = [tool for tool in ("mvn", "java") if shutil.which(tool) is None]
    if missing:
        raise NoKeycloak(f"no {' and '.join(missing)} on this machine; MERX_TEST_KEYCLOAK_URL names a running Keycloak")
    if java_version() < JAVA:
        raise NoKeycloak(f"Keycloak {VERSION} needs Java {JAVA} or later")
    folder = cache_folder()
    archive = folder / f"keycloak-quarkus-dist-{VERSION}.zip"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "keycloak.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists():
            download(archive)
    return archive


def java_version() -> int:
    """0 where it does not say."""
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, timeout=60, check=False)
    found = re.search(r'version "(\d+)', said.stderr)
    return int(found[1]) if found else 0


def cache_folder() -> Path:
    if given := os.environ.get("MERX_TEST_CACHE"):
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "merx-test"


def download(archive: Path) -> None:
    """Half an archive is never found under its name."""
    scratch = archive.with_suffix(".new")
    shutil.rmtree(scratch, ignore_errors=True)
    command = ["mvn", "-B", "-q", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={scratch}"]
    try:
        done = subprocess.run(
            command, cwd=archive.parent, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False
        )
        if done.returncode:
            raise NoKeycloak(f"Maven did not bring Keycloak: {done.stdout[-500:]}{done.stderr[-500:]}")
        (scratch / archive.name).rename(archive)
    except subprocess.TimeoutExpired:
        raise NoKeycloak(f"Maven did not bring Keycloak in {DOWNLOAD_SECONDS:.0f} s") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def started(archive: Path, folder: Path) -> Iterator[KeycloakServer]:
    """The server with its program, its data and its log in `folder`, which only this run knows."""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    server = KeycloakServer(f"http://127.0.0.1:{free_port()}", "admin", secrets.token_urlsafe(24))
    log, home = folder / "keycloak.log", folder / f"keycloak-{VERSION}"
    process = launch(server, home, log)
    try:
        wait_until_it_answers(server, process, log)
        yield server
    finally:
        # It starts a Java, which starts another one: what is left of its session goes with it.
        run_aside(process.stop((signal.SIGTERM, STOP_SECONDS)))
        shutil.rmtree(home, ignore_errors=True)


def launch(server: KeycloakServer, home: Path, log: Path) -> Process:
    port = server.url.rpartition(":")[2]
    command = ["sh", str(home / "bin" / "kc.sh"), "start-dev", "--http-host=127.0.0.1", f"--http-port={port}"]
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "JAVA_HOME") if name in os.environ} | {
        "KC_BOOTSTRAP_ADMIN_USERNAME": server.admin,
        "KC_BOOTSTRAP_ADMIN_PASSWORD": server.password,
        "JAVA_OPTS_KC_HEAP": "-Xms128m -Xmx512m",
        # It runs for seconds: what is compiled best is never used.
        "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
    }
    return spawn(command, log=log, cwd=home, env=environment, parent_death_signal=signal.SIGTERM)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(server: KeycloakServer, process: Process, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            answer = httpx.get(f"{server.url}/realms/master/.well-known/openid-configuration", timeout=5)
            if answer.status_code == 200:
                return
        except httpx.TransportError:
            pass
        if not process.alive():
            break
        time.sleep(0.2)
    said = log.read_text(errors="replace")[-2000:]
    pytest.fail(f"Keycloak did not start in {START_SECONDS:.0f} s:\n{said}", pytrace=False)
