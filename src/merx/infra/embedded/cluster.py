"""Makes a PostgreSQL data folder, and tells a healthy one from a damaged one before the server tries."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from merx.infra.embedded.account import Account
from merx.infra.embedded.errors import EmbeddedError, disk_full, from_os_error

MAJOR = "18"
SUPERUSER = "merx"
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8", "TZ": "UTC"}
RESTART_ANEW = "restore the folder from a backup, or start anew with --reset, which deletes this shop"


def exists(data: Path) -> bool:
    """False when there is nothing yet. Raises EmbeddedError for a folder that PostgreSQL could not serve."""
    try:
        version = (data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        if not data.exists() or not any(data.iterdir()):
            return False
        raise EmbeddedError(f"The database in {data} is damaged (PG_VERSION is missing): {RESTART_ANEW}.") from None
    except NotADirectoryError:
        raise EmbeddedError(f"{data} is a file where the database folder should be: {RESTART_ANEW}.") from None
    except OSError as error:
        raise from_os_error(error, data) from error
    if version != MAJOR:
        raise EmbeddedError(
            f"The database in {data} was made by PostgreSQL {version or '(unknown)'} and this Merx brings {MAJOR}: "
            "export it with the Merx that made it, or start anew with --reset, which deletes this shop."
        )
    if not (data / "global" / "pg_control").exists():
        raise EmbeddedError(f"The database in {data} is damaged (global/pg_control is missing): {RESTART_ANEW}.")
    return True


async def create(data: Path, programs: Path, account: Account, *, template: Path | None, durable: bool) -> None:
    """Makes the folder under another name and renames it when whole, so a kill in between leaves nothing half made."""
    half = data.with_name(data.name + ".new")
    try:
        if half.exists():
            shutil.rmtree(half)
        half.mkdir(mode=0o700)
        account.own(half)
        if template is not None:
            command = ["cp", "-a", f"{template}/.", str(half)]
        else:
            command = [str(programs / "initdb"), "-D", address(half, account), "-U", SUPERUSER, "--auth=trust"]
            command += ["-E", "UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
            command += [] if durable else ["-N"]
        await _run(command, half, None if template else account)
        half.rename(data)
    except OSError as error:
        shutil.rmtree(half, ignore_errors=True)
        raise from_os_error(error, data) from error
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise


def address(data: Path, account: Account) -> str:
    """How the server names its folder. Its working directory is that folder, which it may use even when it may not
    walk the folders above (a checkout below /root)."""
    return str(data) if account.reaches(data) else "/proc/self/cwd"


async def _run(command: list[str], data: Path, account: Account | None) -> None:
    with tempfile.TemporaryFile() as output:
        switch = account.switch if account else {}
        child = subprocess.Popen(  # noqa: ASYNC220 - our own program; the fork takes a millisecond
            command, cwd=data, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **switch
        )
        try:
            await asyncio.to_thread(child.wait)
        except BaseException:
            child.kill()
            child.wait()
            raise
        if child.returncode == 0:
            return
        output.seek(0)
        said = output.read().decode(errors="replace")
    if "No space left on device" in said or "Disk quota exceeded" in said:
        raise disk_full(data.parent)
    lines = [line for line in said.splitlines() if "error:" in line or "FATAL" in line] or said.splitlines()[-1:]
    reason = lines[0].strip() if lines else f"exit code {child.returncode}"
    raise EmbeddedError(f"The database could not be made in {data.parent} by user {_name(account)}: {reason}")


def _name(account: Account | None) -> str:
    return str(account.uid if account else os.geteuid())
