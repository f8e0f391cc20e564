"""Build the search index anew from the catalogue. Searches use the old one until the new one is complete.

Needs no worker, and may run beside one: what the worker writes meanwhile goes into the new index too.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")


def run(args: argparse.Namespace) -> int:
    import asyncio

    from merx.infra.settings import SettingsError, load_settings

    settings = load_settings(os.environ)
    if settings.storage == "memory":
        raise SettingsError(["MERX_STORAGE=memory keeps its index inside the process that serves it"])

    from merx.bootstrap.container import App
    from merx.bootstrap.on_record import put_on_record

    async def main() -> tuple[int, float]:
        app = App(settings)
        began = time.monotonic()
        try:
            await put_on_record(app.database, "search.index-rebuilt", "index", "products", {})
            with _progress(args.quiet) as progress:
                count = await app.contexts.search.reindex()(progress)
        finally:
            await app.contexts.search.index().close()
            await app.close()
        return count, time.monotonic() - began

    count, seconds = asyncio.run(main())
    if not args.quiet:
        print(f"{count:,} products indexed in {seconds:.1f} s: {settings.search_folder}")
    return 0


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int], None]]:
    """A line that counts on a terminal, nothing elsewhere."""
    if quiet or not sys.stderr.isatty():
        yield lambda _: None
        return

    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} products read"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reindex", total=None)
        yield lambda done: bar.update(task, completed=done)
