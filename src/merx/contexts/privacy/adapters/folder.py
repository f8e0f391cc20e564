"""Exported files in a folder below the data folder, which only the shop's own account may enter."""

import asyncio
from pathlib import Path
from uuid import UUID

from merx.infra import private_files
from merx.kernel.errors import Unavailable


class FolderExportFiles:
    """Implements ExportFiles. Names are ids: nothing that a person chose becomes part of a path."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "exports"

    async def write(self, export_id: UUID, content: bytes) -> None:
        try:
            await asyncio.to_thread(private_files.put, self._file(export_id), content)
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
            await asyncio.to_thread(private_files.remove, self._file(export_id))
        except OSError as error:
            raise Unavailable("the folder of exports cannot be written") from error

    def _file(self, export_id: UUID) -> Path:
        return self._folder / f"{export_id}.zip"
