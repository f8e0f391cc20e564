"""Run dead letters again: deliveries that were given up, after what was wrong has been put right.

Without arguments all of them; --list only shows them.
"""

import argparse
import os
from uuid import UUID


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--list", action="store_true", help="show dead letters and change nothing")
    parser.add_argument("--subscriber", metavar="NAME", help="only those of one subscriber")
    parser.add_argument("--id", action="append", type=UUID, metavar="ID", help="only this one; may be repeated")


def run(args: argparse.Namespace) -> int:
    import asyncio

    from merx.infra.settings import SettingsError, load_settings

    settings = load_settings(os.environ)
    if settings.storage == "memory":
        raise SettingsError(["MERX_STORAGE=memory keeps no dead letters beyond its process"])

    from merx.bootstrap.infra import Infra
    from merx.bootstrap.on_record import entry, own_uow
    from merx.infra.outbox.postgres_deliveries import PostgresDeliveries
    from merx.kernel.audit import facts

    async def main() -> None:
        database = Infra(settings=settings).database()
        deliveries = PostgresDeliveries(database)
        try:
            if args.list:
                for letter in await deliveries.dead(args.subscriber, 1_000):
                    when = letter.created_at.isoformat(timespec="seconds")
                    print(f"{letter.id}  {when}  {letter.subscriber}  {letter.tag}  {letter.last_error}")
            else:
                which = {"subscriber": args.subscriber, "deliveries": [str(id) for id in args.id or ()]}
                async with own_uow(database) as uow:
                    count = await deliveries.replay_in(uow.tx, args.subscriber, args.id)
                    told = facts(**which, replayed=count)
                    uow.record(entry("platform.dead-letters-replayed", "outbox", "dead-letters", told))
                    await uow.commit()
                print(f"{count} dead letters run again")
        finally:
            await database.close()

    asyncio.run(main())
    return 0
