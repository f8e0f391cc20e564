"""The keys that sign access tokens: list them, add a new one.

merx keys list               which there are, and since when each signs
merx keys rotate             a new key that signs from now on
merx keys rotate --after 10m ... that verifies at once and signs in ten minutes

Running processes see the change within half a minute and sign nobody out. Where each host has its own copy of the keys,
leave --after enough time for the copies to arrive. Keys that were replaced more than 31 days ago are taken away. A new
key stands in the audit trail; without a database it is made all the same, and a line says that it is not there.
"""

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from merx.bootstrap.commands.token import seconds


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the keys, oldest first")
    rotate = actions.add_parser("rotate", help="add a key")
    rotate.add_argument("--after", type=seconds, default=0, metavar="TIME", help="when it begins to sign, default now")
    for action in (listing, rotate):
        action.add_argument("--data", type=Path, help="folder of the running shop, default ./.merx")


def run(args: argparse.Namespace) -> int:
    from merx.bootstrap.chosen_shop import settings_of
    from merx.infra.keys import KeyRing, read_keys, rotate_keys
    from merx.infra.tokens import key_id

    settings = settings_of(args.data)
    if settings.storage == "memory" and not settings.token_key_file:
        print("merx: a shop in memory makes a key for its own life only", file=sys.stderr)
        return 1
    path = Path(settings.token_key_file) if settings.token_key_file else settings.folder / "token.pem"
    now = datetime.now(UTC)
    if args.action == "rotate":
        _put_on_record(settings, args.after)
        new, gone = rotate_keys(path, now, timedelta(seconds=args.after))
        print(f"{key_id(new.key.public_key())} signs since {new.since:%Y-%m-%d %H:%M:%S} UTC; {gone} taken away")
        return 0
    signing = KeyRing(path=path).signing(now)
    for each in read_keys(path):
        name = key_id(each.key.public_key())
        since = f"{each.since:%Y-%m-%d %H:%M:%S} UTC" if each.since else "the beginning"
        print(f"{name}  since {since}{'  (signs)' if name == key_id(signing.public_key()) else ''}")
    return 0


def _put_on_record(settings: Any, after: int) -> None:
    import asyncio

    from merx.bootstrap.infra import Infra
    from merx.bootstrap.on_record import put_on_record
    from merx.kernel.audit import facts
    from merx.kernel.errors import Unavailable

    async def main() -> None:
        database = Infra(settings=settings).database()
        try:
            told = facts(signs_after_seconds=after)
            await put_on_record(database, "identity.signing-key-rotated", "key-ring", "access-tokens", told)
        finally:
            await database.close()

    if settings.storage == "memory":
        return
    try:
        asyncio.run(main())
    except Unavailable:
        print("merx: not in the audit trail, the database does not answer", file=sys.stderr)
