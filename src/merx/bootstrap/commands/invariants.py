"""Check what must always be true of the stored data: sums, stock, money, the trail, news on their way.

Prints one line each, and what is broken. The exit code is 1 unless all hold.
"""

import argparse
from pathlib import Path


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="folder of the running shop, default ./.merx")


def run(args: argparse.Namespace) -> int:
    import asyncio

    from merx.bootstrap.chosen_shop import settings_of
    from merx.infra.settings import SettingsError

    settings = settings_of(args.data)
    if settings.storage == "memory":
        raise SettingsError(["MERX_STORAGE=memory keeps its data to itself: ask GET /api/v1/invariants"])

    from merx.bootstrap.container import build

    async def main() -> bool:
        app = build(settings)
        try:
            report = await app.contexts.operations.check_invariants()()
        finally:
            await app.close()
        for each in report.invariants:
            state = {True: "holds", False: "BROKEN", None: "not checked, the database was too slow"}[each.holds]
            print(f"{each.name:<36} {state}")
            for broken in each.broken:
                print(f"    {broken}")
        return bool(report.hold)

    return 0 if asyncio.run(main()) else 1
