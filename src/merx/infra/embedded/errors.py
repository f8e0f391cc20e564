"""What can go wrong with a data folder or a server in it, said in one sentence."""

import errno
import shutil
from pathlib import Path

FULL_BYTES = 64 * 1024


class EmbeddedError(Exception):
    """The message is one complete sentence for the person at the terminal: what is wrong, where, and what to do."""


def from_os_error(error: OSError, path: Path) -> EmbeddedError:
    """The sentence for a failed file operation below `path`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(path)
    if error.errno == errno.EROFS:
        return EmbeddedError(f"{path} is on a read-only disk; choose another folder with --data.")
    if isinstance(error, PermissionError):
        return EmbeddedError(f"{path} can not be written by this user; choose another folder with --data.")
    return EmbeddedError(f"{path} can not be used: {error.strerror or error}.")


def is_full(path: Path) -> bool:
    """Less room than a server needs for a page of its log."""
    return shutil.disk_usage(path).free < FULL_BYTES


def disk_full(path: Path) -> EmbeddedError:
    return EmbeddedError(f"The disk that holds {path} is full; free some space and start again, nothing is lost.")
