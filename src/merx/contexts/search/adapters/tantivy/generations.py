"""Where indexes live. A rebuild makes a new generation beside the old one and moves a pointer; the old one stays.

    <folder>/current          name and form of the generation in use, replaced atomically
    <folder>/writer.lock      held while something is written or the pointer moves
    <folder>/rebuild.lock     held during a rebuild
    <folder>/changes          ids written while a rebuild runs
    <folder>/generations/<id>/

Locks belong to an open file, so the system frees them when a process dies.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol
from uuid import UUID

import msgspec
import tantivy
from loguru import logger

from merx.contexts.search.adapters.tantivy.schema import FORM, build_schema
from merx.contexts.search.ports.index import RebuildRunning
from merx.kernel.errors import Unavailable
from merx.kernel.ids import new_id

_WAIT = 10.0


class Generation:
    """One complete index."""

    def __init__(self, name: str, path: Path | None) -> None:
        self.name = name
        self.path = path
        self.schema = build_schema()
        self.index = tantivy.Index(self.schema, path=str(path) if path else None)
        whitespace = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        self.index.register_tokenizer("whitespace", whitespace)
        # We look for new commits ourselves: no watcher thread in every process.
        self.index.config_reader("manual")


class Pointer(msgspec.Struct, frozen=True):
    generation: str
    form: int


class Place(Protocol):
    """Keeps generations. Methods may block on a disk or a lock: call them from a thread."""

    def stamp(self) -> object:
        """Changes with every commit and every new generation; costs two looks at the disk."""
        ...

    def current(self) -> Generation | None:
        """None when there is none of the present form."""
        ...

    def lock(self) -> "Lock":
        """For writing. Raises Unavailable when another writer does not finish in time."""
        ...

    def begin_rebuild(self) -> "Lock":
        """From now on changes are noted. Raises RebuildRunning."""
        ...

    def note(self, ids: Iterable[UUID]) -> None:
        """Remember what was written, when a rebuild runs. Needs the lock."""
        ...

    def noted(self, after: int) -> tuple[list[UUID], int]:
        """Ids noted since a position, and the position now."""
        ...

    def create(self) -> Generation: ...

    def swap(self, generation: Generation) -> None:
        """Needs the lock."""
        ...


class Lock(Protocol):
    def release(self) -> None: ...


class FileLock:
    def __init__(self, path: Path, wait: float) -> None:
        """Raises TimeoutError."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        until = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    os.close(self._file)
                    raise TimeoutError from None
                time.sleep(0.02)

    def release(self) -> None:
        os.close(self._file)


class FolderPlace:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pointer = folder / "current"
        self._changes = folder / "changes"
        self._opened: Generation | None = None

    def stamp(self) -> object:
        try:
            moved = self._pointer.stat()
        except FileNotFoundError:
            return None
        name = self._opened.path if self._opened else None
        try:
            written = (name / "meta.json").stat().st_mtime_ns if name else 0
        except FileNotFoundError:
            written = 0
        return moved.st_mtime_ns, moved.st_ino, name, written

    def current(self) -> Generation | None:
        try:
            pointer = msgspec.json.decode(self._pointer.read_bytes(), type=Pointer)
        except (FileNotFoundError, msgspec.MsgspecError):
            return None
        path = self._folder / "generations" / pointer.generation
        if pointer.form != FORM or not (path / "meta.json").exists():
            return None
        if self._opened is None or self._opened.name != pointer.generation:
            try:
                self._opened = Generation(pointer.generation, path)
            except (ValueError, OSError) as error:
                logger.error("search index {} cannot be opened and has to be rebuilt: {}", path, error)
                return None
        return self._opened

    def lock(self) -> Lock:
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            return FileLock(self._folder / "writer.lock", _WAIT)
        except TimeoutError:
            raise Unavailable("the search index is being written by another process") from None

    def begin_rebuild(self) -> Lock:
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            running = FileLock(self._folder / "rebuild.lock", 0)
        except TimeoutError:
            raise RebuildRunning from None
        try:
            writing = self.lock()
            try:
                self._changes.write_bytes(b"")
            finally:
                writing.release()
        except BaseException:
            running.release()
            raise
        return running

    def note(self, ids: Iterable[UUID]) -> None:
        if not self._changes.exists():
            return
        try:
            FileLock(self._folder / "rebuild.lock", 0).release()
        except TimeoutError:
            with self._changes.open("ab") as file:
                file.writelines(id.bytes for id in ids)
        else:
            # Left behind by a rebuild that was killed.
            self._changes.unlink(missing_ok=True)

    def noted(self, after: int) -> tuple[list[UUID], int]:
        with self._changes.open("rb") as file:
            file.seek(after)
            data = file.read()
        whole = len(data) - len(data) % 16
        return [UUID(bytes=data[at : at + 16]) for at in range(0, whole, 16)], after + whole

    def create(self) -> Generation:
        name = new_id().hex
        path = self._folder / "generations" / name
        path.mkdir(parents=True)
        return Generation(name, path)

    def swap(self, generation: Generation) -> None:
        before = self._opened.name if self._opened else ""
        beside = self._folder / "current.new"
        with beside.open("wb") as file:
            file.write(msgspec.json.encode(Pointer(generation.name, FORM)))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._pointer)
        self._opened = generation
        self._changes.unlink(missing_ok=True)
        for other in (self._folder / "generations").iterdir():
            if other.name not in (generation.name, before):
                # Readers keep the files they have open.
                shutil.rmtree(other, ignore_errors=True)
