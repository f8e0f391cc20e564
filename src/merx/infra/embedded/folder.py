"""The folder that holds everything of a local shop, and the lock that keeps it to one supervisor."""

import contextlib
import fcntl
import os
import shutil
from pathlib import Path

from merx.infra.embedded.errors import EmbeddedError, from_os_error

MARKER = "merx-data-folder"
LAYOUT = "1"
SPACE_FOR_FIRST_START = 400 * 2**20
SPACE_FOR_LATER_START = 64 * 2**20
PARTS = ("run", "search", "mail", "keys", "log")


class DataFolder:
    """`pg/ valkey/ run/ search/ mail/ keys/ log/`, a marker file with the layout's version, and a lock file.

    `open` takes the lock for as long as this process lives (a kill -9 releases it). Raises EmbeddedError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self._lock: int | None = None

    @property
    def pg(self) -> Path:
        return self.path / "pg"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def run(self) -> Path:
        return self.path / "run"

    @property
    def search(self) -> Path:
        return self.path / "search"

    @property
    def mail(self) -> Path:
        return self.path / "mail"

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def log(self) -> Path:
        return self.path / "log"

    @property
    def is_new(self) -> bool:
        return not self.pg.exists()

    def open(self) -> None:
        """Makes what is missing and takes the lock; refuses a folder that holds something else."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._check_marker()
            self._take_lock()
            for part in PARTS:
                (self.path / part).mkdir(exist_ok=True)
            self.keys.chmod(0o700)
        except NotADirectoryError:
            raise EmbeddedError(f"{self.path} is not a folder; choose another one with --data.") from None
        except FileExistsError:
            raise EmbeddedError(f"{self.path} is a file; choose a folder with --data.") from None
        except OSError as error:
            raise from_os_error(error, self.path) from error
        needed = SPACE_FOR_FIRST_START if self.is_new else SPACE_FOR_LATER_START
        if (free := shutil.disk_usage(self.path).free) < needed:
            raise EmbeddedError(
                f"{self.path} needs {needed >> 20} MB of free space and its disk has {free >> 20} MB left; "
                "free some, or choose another folder with --data."
            )

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def empty(self) -> None:
        """Removes everything but marker and lock. Call it with the lock held and no server running."""
        assert self._lock is not None, "opened"
        try:
            for entry in self.path.iterdir():
                if entry.name in (MARKER, "lock"):
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()
            (self.path / MARKER).write_text(LAYOUT + "\n")
            for part in PARTS:
                (self.path / part).mkdir()
            self.keys.chmod(0o700)
        except OSError as error:
            raise from_os_error(error, self.path) from error

    def check_layout(self) -> None:
        """Raises when another Merx made the folder in a way this one can not read."""
        found = (self.path / MARKER).read_text().strip()
        if found != LAYOUT:
            raise EmbeddedError(
                f"{self.path} has layout {found or '(none)'} and this Merx writes {LAYOUT}: use the Merx that made it, "
                "or start anew with --reset, which deletes this shop."
            )

    def _check_marker(self) -> None:
        marker = self.path / MARKER
        if marker.exists():
            # Opening for writing asks the operating system, which knows more than mode bits.
            os.close(os.open(marker, os.O_WRONLY))
            return
        if any(entry.name != "lock" for entry in self.path.iterdir()):
            raise EmbeddedError(
                f"{self.path} holds something that is not a Merx shop, and Merx leaves it alone; "
                "choose an empty or new folder with --data."
            )
        marker.write_text(LAYOUT + "\n")

    def _take_lock(self) -> None:
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = ""
            with contextlib.suppress(OSError):
                holder = os.pread(lock, 32, 0).decode().strip()
            os.close(lock)
            raise EmbeddedError(
                f"The shop in {self.path} is already running (process {holder or 'unknown'}); "
                "stop that one first, or choose another folder with --data."
            ) from None
        except OSError:
            os.close(lock)
            raise
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock
