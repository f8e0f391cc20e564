"""What `postmaster.pid` says, and whether to believe it."""

import contextlib
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


def forget(data: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        (data / "postmaster.pid").unlink()
