"""Import products from a file with one JSON object a line, plain or gzip; the format is docs/catalogue-format.md.

Good rows go in, bad ones are listed with line number and reason. Start it again to go on after an interruption, or with
a newer file to bring the shop up to date: rows that did not change are left alone, with what staff changed since.
"""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a .jsonl or .jsonl.gz file")
    parser.add_argument(
        "--default-stock", type=units, default=100, metavar="N", help="units where the file is silent, default 100"
    )
    parser.add_argument("--again", action="store_true", help="also when this very file was imported before")
    parser.add_argument("--data", type=Path, help="folder of the running shop, default ./.merx")


def units(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 10_000_000:
        raise argparse.ArgumentTypeError("a whole number from 0 to 10,000,000")
    return int(text)


def run(args: argparse.Namespace) -> int:
    from merx.bootstrap.chosen_shop import settings_of
    from merx.infra.embedded.errors import EmbeddedError

    settings = settings_of(args.data)
    if settings.storage == "memory":
        raise EmbeddedError("MERX_STORAGE=memory keeps nothing: there is no shop to import into.")
    report = asyncio.run(_import(settings, args))
    return _tell(report)


async def _import(settings: Any, args: argparse.Namespace) -> Any:
    from merx.bootstrap.catalogue_import import CatalogueFile, import_file
    from merx.bootstrap.container import App
    from merx.bootstrap.demo.screen import make_screen

    screen = make_screen()
    # Nobody is woken: the worker looks for new events every second.
    app = App(settings)
    try:
        with screen.step(f"import {args.file.name}") as progress:
            report, run = await import_file(
                app, CatalogueFile(args.file), progress, default_stock=args.default_stock, again=args.again
            )
            await app.contexts.catalog.import_catalogue().finish(run)
        return report
    finally:
        screen.close()
        await app.close()


def _tell(report: Any) -> int:
    if report.done_before:
        print(f"This file was imported before ({report.products:,} products); --again imports it once more.")
        return 0
    print(f"{report.products:,} products are in the shop, {report.refused:,} rows were refused.")
    if report.problems:
        print("\n".join(f"line {problem.line}: {problem.reason}" for problem in report.problems), file=sys.stderr)
        if report.refused > len(report.problems):
            print(f"All of them: {report.problems_file}", file=sys.stderr)
    return 1 if report.refused and not report.products else 0
