"""What `postmaster.pid` says, and whether to believe it."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from merx.infra.embedded import processes


@dataclass(frozen=True, slots=True)
class Postmaster:
    pid: int
    sockets: Path | None
    status: str
    """`starting`, `ready`, `stopping`, or "" while the file is half written."""


def read(data: Path) -> Postmaster | None:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid = abs(int(lines[0]))
    except (FileNotFoundError, ValueError, IndexError):
        return None
    sockets = Path(lines[4]) if len(lines) > 4 and lines[4] else None
    return Postmaster(pid, sockets, lines[7].strip() if len(lines) > 7 else "")


def serves(found: Postmaster, data: Path) -> bool:
    """Whether that pid is, right now, a PostgreSQL of this folder.

    A pid file outlives a kill -9. PostgreSQL itself then trusts any live process with that number, a zombie included,
    and refuses to start; the command line tells the truth, and unlike the working directory everybody may read it.
    """
    if not processes.running(found.pid):
        return False
    arguments = processes.command_line(found.pid)
    if not arguments or not Path(arguments[0]).name.startswith("postgres"):
        return False
    told = " ".join(arguments)
    return str(data) in told or (found.sockets is not None and str(found.sockets) in told)


def disown(data: Path, sockets: Path) -> None:
    """Lets the next server start although the files of a dead one name a pid that is in use again or a zombie.

    The pid is replaced by ours and the file stays: PostgreSQL ignores the pid of its parent, and still finds the shared
    memory of the dead server there, so it waits for backends that have not ended yet.
    """
    with contextlib.suppress(FileNotFoundError):
        file = data / "postmaster.pid"
        _, newline, rest = file.read_text().partition("\n")
        with file.open("r+") as opened:  # in place: it keeps its owner
            opened.write(f"{os.getpid()}{newline}{rest}")
            opened.truncate()
    for lock in sockets.glob(".s.PGSQL.*.lock"):
        lock.unlink(missing_ok=True)
