"""Fill a shop so that it can be tried: two accounts, shipping rates and the sample catalogue with stock.

For a database of your own, after `merx migrate`; `merx demo` does this by itself. What is there already stays. Refused
in production, because everybody knows the passwords.
"""

import argparse
import os
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--catalogue", type=Path, metavar="FILE", help="this JSONL file instead of the sample")


def run(args: argparse.Namespace) -> int:
    import asyncio

    from merx.bootstrap.seed import seed
    from merx.infra.settings import SettingsError, load_settings

    settings = load_settings(os.environ)
    if settings.storage == "memory":
        raise SettingsError(["MERX_STORAGE=memory keeps a shop inside the process that serves it: merx serve --sample"])
    shown = ""

    def progress(step: str, _done: int, _total: int | None) -> None:
        nonlocal shown
        if step != shown:
            shown = step
            print(f"  {step}", flush=True)

    result = asyncio.run(seed(settings, args.catalogue, progress))
    print(f"{result.catalogue.products:,} products.")
    print(f"Staff     {result.staff.email}  {result.staff.password}")
    print(f"Customer  {result.customer.email}  {result.customer.password}")
    return 0
