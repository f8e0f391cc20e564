"""Finds the processes that still belong to a data folder, by what they were started with."""

import os
from pathlib import Path


def processes_of(folder: Path) -> list[str]:
    """Pid and command of every live process whose arguments or MERX_DATA_DIR name `folder`; Linux only."""
    wanted = os.fsencode(folder)
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
            variables = (entry / "environ").read_bytes() if os.access(entry / "environ", os.R_OK) else b""
        except OSError:
            continue
        if wanted in command or b"MERX_DATA_DIR=" + wanted in variables:
            found.append(f"{entry.name} {command.replace(bytes(1), b' ').decode(errors='replace')}")
    return found
