"""Import a catalogue in JSON lines, plain or .gz; a stopped import goes on where it was."""

import argparse
import asyncio
import os
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="see docs/catalogue-format.md")
    parser.add_argument(
        "--default-stock", type=int, default=100, metavar="N", help="units of a new variant where the file is silent"
    )


def run(args: argparse.Namespace) -> int:
    from merx.bootstrap.container import build
    from merx.bootstrap.demo.screen import make_screen
    from merx.bootstrap.seed import import_file
    from merx.infra.settings import load_settings

    if not args.file.is_file():
        raise SystemExit(f"There is no file {args.file}.")
    settings = load_settings(os.environ)

    async def work() -> int:
        app = build(settings)
        screen = make_screen()
        try:
            with screen.step(f"import of {args.file.name}") as report:
                done = await import_file(
                    app,
                    args.file,
                    lambda _, lines, total: report(lines, total),
                    default_stock=args.default_stock,
                    problems_to=settings.folder,
                )
        finally:
            screen.close()
            await app.close()
        if done.skipped:
            print("This file was imported before; nothing was changed.")
            return 0
        print(f"{done.products:,} products imported, {done.refused:,} rows refused")
        for problem in done.problems:
            print(f"  line {problem.line}: {problem.reason}")
        if done.problems_file is not None:
            print(f"All refused rows: {done.problems_file}")
        return 0

    return asyncio.run(work())
