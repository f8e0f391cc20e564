"""What a new shop starts with: a catalogue with stock, shipping zones, a staff user and a customer, a search index.

Every step finds out itself what is there already, so seeding twice changes nothing and a seed that was killed goes on.
"""

import asyncio
import gzip
import hashlib
from collections.abc import Callable
from contextlib import aclosing
from importlib.resources import as_file, files
from pathlib import Path
from typing import BinaryIO

import msgspec

from merx.bootstrap.container import App, build
from merx.contexts.catalog.domain.feed_reader import FeedProblem
from merx.contexts.catalog.ports.queries import ListFilter
from merx.contexts.identity.domain.account import AccountKind
from merx.infra.settings import Settings

Progress = Callable[[str, int, int | None], None]

DEFAULT_STOCK = 100
SHOWN_PROBLEMS = 20
_GZIP = b"\x1f\x8b"


class Login(msgspec.Struct, frozen=True):
    email: str
    password: str


STAFF = Login("staff@merx.example", "staff-demo-password")
CUSTOMER = Login("customer@merx.example", "customer-demo-password")


class ImportReport(msgspec.Struct, kw_only=True):
    """`problems` are the first refused rows, `problems_file` has all. `skipped`: imported before, nothing changed."""

    products: int = 0
    refused: int = 0
    problems: list[FeedProblem] = []
    problems_file: Path | None = None
    skipped: bool = False


class SeedResult(msgspec.Struct, frozen=True, kw_only=True):
    catalogue: ImportReport
    staff: Login = STAFF
    customer: Login = CUSTOMER


def _digest_and_lines(path: Path) -> tuple[str, int]:
    """The digest of the file as it lies there, and how many lines it unpacks to."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "blake2b").hexdigest()
    lines = 0
    with _opened(path) as stream:
        while block := stream.read(1 << 20):
            lines += block.count(b"\n")
    return digest, lines


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


async def import_file(
    app: App, path: Path, progress: Progress, *, default_stock: int = DEFAULT_STOCK, problems_to: Path | None = None
) -> ImportReport:
    """Import a catalogue file in batches; a file that was stopped half-way goes on behind its last batch.

    `progress` hears lines done and lines in all. Refused rows are added to a file in the folder `problems_to`.
    """
    handler, stock = app.contexts.catalog.import_catalogue(), app.contexts.inventory.count_stock()
    digest, total = await asyncio.to_thread(_digest_and_lines, path)
    run = await handler.run_for(digest, path.name)
    report = ImportReport(products=run.products, refused=run.refused, skipped=run.finished)
    if run.finished:
        return report
    progress("catalogue", run.lines_done, total)
    with _opened(path) as stream:
        async with aclosing(handler.batches(run, stream)) as batches:
            async for batch in batches:
                await stock.open_with({v: default_stock if n is None else n for v, n in batch.stock.items()})
                await handler.reached(run, batch)
                _keep(report, batch.problems, path, problems_to)
                progress("catalogue", run.lines_done, total)
    async with app.contexts.catalog.uow() as uow:
        await uow.storefront.recount()
        uow.invalidate("*")
        await uow.commit()
    await handler.finish(run)
    report.products, report.refused = run.products, run.refused
    return report


async def _shipped(app: App, folder: Path, progress: Progress) -> ImportReport:
    """The catalogue that comes with Merx, where no other was imported."""
    with as_file(files("merx.data") / "catalogue.jsonl.gz") as path:
        digest, _ = await asyncio.to_thread(_digest_and_lines, path)
        async with app.contexts.catalog.uow() as uow:
            begun = await uow.imports.of(digest) is not None
        stocked = (await app.contexts.catalog.queries().products(ListFilter(limit=1))).items
        if stocked and not begun:
            return ImportReport(skipped=True)
        return await import_file(app, path, progress, problems_to=folder)


def _keep(report: ImportReport, problems: list[FeedProblem], path: Path, folder: Path | None) -> None:
    report.problems += problems[: SHOWN_PROBLEMS - len(report.problems)]
    if not problems or folder is None:
        return
    report.problems_file = folder / f"import-problems-{path.name.removesuffix('.gz').removesuffix('.jsonl')}.jsonl"
    with report.problems_file.open("ab") as file:
        file.write(b"".join(msgspec.json.encode(problem) + b"\n" for problem in problems))


async def reindex(app: App, progress: Progress) -> int:
    """A new search index of everything that is visible."""
    count: int = await app.contexts.search.reindex()(lambda done: progress("search index", done, None))
    return count


async def _accounts(app: App) -> None:
    ensure = app.contexts.identity.ensure_account()
    await ensure(STAFF.email, "Demo Staff", AccountKind.staff, ("*",), STAFF.password)
    await ensure(CUSTOMER.email, "Demo Customer", AccountKind.customer, (), CUSTOMER.password)


async def seed(settings: Settings, catalogue: Path | None, progress: Progress) -> SeedResult:
    """`catalogue` None means the one that ships with Merx, unless the shop has products already."""
    app = build(settings)
    try:
        if catalogue is None:
            report = await _shipped(app, settings.folder, progress)
        else:
            report = await import_file(app, catalogue, progress, problems_to=settings.folder)
        progress("shipping and accounts", 0, None)
        await app.contexts.shipping.seed_shipping()()
        await _accounts(app)
        if not report.skipped or not await app.contexts.search.index().ready():
            await reindex(app, progress)
        return SeedResult(catalogue=report)
    finally:
        await app.close()
