"""Exported files in a folder below the data folder, which only the shop's own account may enter."""

import asyncio
import contextlib
import os
from pathlib import Path
from uuid import UUID

from merx.kernel.errors import Unavailable


class FolderExportFiles:
    """Implements ExportFiles. Names are ids: nothing that a person chose becomes part of a path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "exports"

    async def write(self, export_id: UUID, content: bytes) -> None:
        try:
            await asyncio.to_thread(_write, self._folder, self._file(export_id), content)
        except OSError as error:
            raise Unavailable("the folder of exports cannot be written") from error

    async def read(self, export_id: UUID) -> bytes | None:
        try:
            return await asyncio.to_thread(self._file(export_id).read_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable("the folder of exports cannot be read") from error

    async def remove(self, export_id: UUID) -> None:
        try:
            await asyncio.to_thread(self._file(export_id).unlink, missing_ok=True)
        except OSError as error:
            raise Unavailable("the folder of exports cannot be written") from error

    def _file(self, export_id: UUID) -> Path:
        return self._folder / f"{export_id}.zip"


def _write(folder: Path, file: Path, content: bytes) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = folder / f".{file.name}.{os.getpid()}.tmp"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as target:
            target.write(content)
            target.flush()
            os.fsync(target.fileno())
        draft.replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
