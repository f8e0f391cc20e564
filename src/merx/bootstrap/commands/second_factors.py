"""Take the second factors of an account away, for somebody who lost the device and the recovery codes.

merx second-factors remove --email ada@example.com

The owner gets a mail, the audit trail a row. Be sure whom you do it for: after it the password is enough.
"""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    remove = actions.add_parser("remove", help="all of them, and the recovery codes")
    remove.add_argument("--email", required=True, help="of the account")
    remove.add_argument("--data", type=Path, help="folder of the running shop, default ./.merx")


def run(args: argparse.Namespace) -> int:
    from merx.kernel.errors import MerxError

    try:
        removed = asyncio.run(_remove(args))
    except MerxError as error:
        print(f"merx: {error.detail}", file=sys.stderr)
        return 1
    print(f"{removed} second factor{'' if removed == 1 else 's'} removed")
    return 0


async def _remove(args: argparse.Namespace) -> int:
    from merx.bootstrap.chosen_shop import settings_of
    from merx.bootstrap.container import App
    from merx.kernel.errors import Unavailable

    settings = settings_of(args.data)
    if settings.storage == "memory":
        raise Unavailable("a shop in memory keeps its accounts to itself")
    # The whole shop: its subscribers are who writes the mail.
    app = App(settings, deliver_here=False)
    identity: Any = app.contexts.identity
    try:
        removed: int = await identity.second_factors.remove_factors()(args.email)
    finally:
        await app.infra.queue_nudge().close()
        await app.infra.redis().aclose()
        await app.database.close()
    return removed
