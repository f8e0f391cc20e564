"""Where the unix sockets of a data folder live: beside the data, or in the temp folder when that path is too long."""

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

from merx.infra.embedded.account import Account
from merx.infra.embedded.errors import EmbeddedError

# sun_path holds 104 bytes on macOS and 108 on Linux, and the longest name in the folder is ".s.PGSQL.5432.lock".
LONGEST_FOLDER = 84


def socket_folder(run: Path, account: Account) -> Path:
    """A private folder (0700, owned by the server's account) for sockets; the same one each time for the same `run`."""
    run = run.absolute()
    chosen = run
    if len(os.fsencode(run)) > LONGEST_FOLDER or not account.reaches(run):
        digest = hashlib.sha256(os.fsencode(run)).hexdigest()[:12]
        chosen = Path(tempfile.gettempdir()) / f"merx-{account.uid}-{digest}"
        if len(os.fsencode(chosen)) > LONGEST_FOLDER or not account.reaches(chosen):
            chosen = Path("/tmp") / chosen.name  # noqa: S108 - made 0700 and its owner is checked below
    chosen.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = chosen.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (account.uid, os.geteuid()):
        raise EmbeddedError(f"{chosen} belongs to somebody else; remove it or choose another folder with --data.")
    chosen.chmod(0o700)
    account.own(chosen)
    return chosen


def leave_sockets(chosen: Path, run: Path) -> None:
    """Removes a folder in the temp folder once the last server has left it."""
    if chosen != run.absolute():
        with contextlib.suppress(OSError):
            chosen.rmdir()
