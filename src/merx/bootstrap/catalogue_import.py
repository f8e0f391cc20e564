"""Brings a catalogue file into a shop, batch by batch: products, then their first stock, then the mark how far it came.

Killed at any moment it goes on where it was when it is started again with the same file.
"""

import asyncio
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import IO

import msgspec

from merx.bootstrap.container import App
from merx.contexts.catalog.domain.feed_reader import FeedProblem
from merx.contexts.catalog.ports.repositories import ImportRun

DEFAULT_STOCK = 100
SHOWN_PROBLEMS = 20
_GZIP = b"\x1f\x8b"

Report = Callable[[int, int | None], None]
"""Lines done, and of how many."""


class ImportReport(msgspec.Struct, frozen=True):
    """`products` and `refused` are counts of good and bad rows. `done_before`: the file was complete already.

    `problems` are the first of those refused in this run, all of them are lines of `problems_file`.
    """

    products: int
    refused: int
    done_before: bool = False
    problems: tuple[FeedProblem, ...] = ()
    problems_file: Path | None = None


class CatalogueFile:
    """A feed on disk, or the one shipped with the package when no path is given. Gzip is told by its first bytes."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.name = "sample" if path is None else path.name
        self.digest = ""
        self.lines: int | None = None

    def _raw(self) -> IO[bytes]:
        if self._path is None:
            return files("merx").joinpath("data", "catalogue.jsonl.gz").open("rb")
        return self._path.open("rb")

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The text. Raises OSError."""
        with self._raw() as raw:
            zipped = raw.read(2) == _GZIP
            raw.seek(0)
            if zipped:
                with io.BufferedReader(gzip.GzipFile(fileobj=raw), 1 << 20) as stream:
                    yield stream
            else:
                yield raw

    def read_digest(self) -> None:
        found = hashlib.sha256()
        with self._raw() as raw:
            while chunk := raw.read(1 << 20):
                found.update(chunk)
        self.digest = found.hexdigest()

    def count_lines(self) -> None:
        """For the progress bar. A file that is damaged further on counts up to there."""
        lines, last = 0, b"\n"
        try:
            with self.open() as stream:
                while chunk := stream.read(1 << 20):
                    lines += chunk.count(b"\n")
                    last = chunk[-1:]
        except (EOFError, gzip.BadGzipFile, zlib.error):
            pass
        self.lines = lines + (last != b"\n")


class _ProblemFile:
    """Refused rows, for whoever mends the file. Goes on behind the rows of a run that was stopped."""

    def __init__(self, folder: Path, name: str, after_line: int) -> None:
        self.path = folder / f"import-problems-{re.sub(r'[^A-Za-z0-9._-]', '_', name)}.jsonl"
        self._after_line = after_line

    def begin(self) -> None:
        kept: list[bytes] = []
        if self._after_line and self.path.exists():
            kept = [line for line in self.path.read_bytes().splitlines() if self._is_done(line)]
        if kept:
            self.path.write_bytes(b"\n".join(kept) + b"\n")
        else:
            self.path.unlink(missing_ok=True)

    def _is_done(self, line: bytes) -> bool:
        try:
            return msgspec.json.decode(line, type=FeedProblem).line <= self._after_line
        except msgspec.MsgspecError:  # the process ended while it wrote
            return False

    def add(self, problems: list[FeedProblem]) -> None:
        if problems:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                file.write(msgspec.json.Encoder().encode_lines(problems))


async def import_file(
    app: App, source: CatalogueFile, report: Report, *, default_stock: int = DEFAULT_STOCK, again: bool = False
) -> tuple[ImportReport, ImportRun]:
    """Imports all that is not imported yet; the caller finishes the run when all that depends on it is done too.

    `again` starts a complete file from its first line. Raises OSError for a file that cannot be read.
    """
    handler = app.contexts.catalog.import_catalogue()
    await asyncio.to_thread(source.read_digest)
    run = await handler.run_for(source.digest, source.name)
    if run.finished:
        if not again:
            return ImportReport(run.products, run.refused, done_before=True), run
        await handler.start_again(run)
    await asyncio.to_thread(source.count_lines)
    report(run.lines_done, source.lines)
    problem_file = _ProblemFile(app.settings.folder, source.name, run.lines_done)
    await asyncio.to_thread(problem_file.begin)
    first: list[FeedProblem] = []
    count_stock = app.contexts.inventory.count_stock()
    with source.open() as stream:
        async with aclosing(handler.batches(run, stream)) as batches:
            async for batch in batches:
                await count_stock.open_with(
                    {id: default_stock if units is None else units for id, units in batch.stock.items()}
                )
                await asyncio.to_thread(problem_file.add, batch.problems)
                first += batch.problems[: SHOWN_PROBLEMS - len(first)]
                await handler.reached(run, batch)
                report(run.lines_done, source.lines)
    found = problem_file.path if run.refused else None
    return ImportReport(run.products, run.refused, problems=tuple(first), problems_file=found), run
