"""Files that only the shop's own account may read. One is there whole or not at all, also after a power cut."""

import contextlib
import glob
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def put(path: Path, content: bytes) -> None:
    """In place of what is there, in one step for every reader; makes the folder. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = _draft(path, content)
    try:
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    _settle(path.parent)


def put_once(path: Path, content: Callable[[], bytes]) -> None:
    """Unless it is there; of two processes the first one wins. Raises OSError."""
    if path.exists():
        return
    draft = _draft(path, content())
    try:
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        draft.unlink()
    _settle(path.parent)


def remove(path: Path) -> None:
    """With what a writer that was killed has left of it. One that is not there is no error. Raises OSError."""
    for file in (path, *path.parent.glob(f".{glob.escape(path.name)}.*")):
        file.unlink(missing_ok=True)


def _draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    return draft


def _settle(folder: Path) -> None:
    """The name lasts when its folder is on the disk."""
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
