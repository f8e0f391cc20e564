"""Anchors in a file that only grows, and in the log: two places that no statement to the database can change.

Where logs are shipped away, the line is out of reach of whoever takes over this machine too.
"""

import asyncio
import os
from pathlib import Path

import msgspec
from loguru import logger

from merx.contexts.audit.domain.proof import Anchor

FILE = "anchors.jsonl"


class FolderAnchors:
    """Implements AnchorStore. One JSON object a line; a line that a crash left half written is passed over."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    async def keep(self, anchor: Anchor) -> None:
        await asyncio.to_thread(self._append, msgspec.json.encode(anchor) + b"\n")
        logger.bind(seq=anchor.seq, hash=anchor.hash).info("audit trail anchored")

    async def all(self) -> list[Anchor]:
        return await asyncio.to_thread(self._read)

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            size = os.fstat(descriptor).st_size
            if size and os.pread(descriptor, 1, size - 1) != b"\n":
                line = b"\n" + line
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _read(self) -> list[Anchor]:
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return []
        found = []
        for line in lines:
            try:
                found.append(msgspec.json.decode(line, type=Anchor))
            except msgspec.MsgspecError:
                continue
        return found
