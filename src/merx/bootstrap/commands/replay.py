"""Run dead letters again: deliveries that were given up, after what was wrong has been put right.

Without arguments all of them; --list only shows them.
"""

import argparse
from pathlib import Path
from uuid import UUID


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--list", action="store_true", help="show dead letters and change nothing")
    parser.add_argument("--subscriber", metavar="NAME", help="only those of one subscriber")
    parser.add_argument("--data", type=Path, help="folder of the running shop, default ./.merx")
    parser.add_argument("--id", action="append", type=UUID, metavar="ID", help="only this one; may be repeated")


def run(args: argparse.Namespace) -> int:
    import asyncio

    from merx.bootstrap.chosen_shop import settings_of
    from merx.infra.settings import SettingsError

    settings = settings_of(args.data)
    if settings.storage == "memory":
        raise SettingsError(["MERX_STORAGE=memory keeps no dead letters beyond its process"])

    from merx.bootstrap.infra import Infra
    from merx.contexts.operations.container import OperationsContainer
    from merx.kernel.actor import Actor

    async def main() -> None:
        infra = Infra(settings=settings)
        operations = OperationsContainer(infra=infra)
        try:
            if args.list:
                last: UUID | None = None
                while letters := await infra.deliveries().dead(args.subscriber, 1_000, last):
                    for letter in letters:
                        when = letter.created_at.isoformat(timespec="seconds")
                        print(f"{letter.id}  {when}  {letter.subscriber}  {letter.tag}  {letter.last_error}")
                    last = letters[-1].id
            else:
                done = await operations.retry_dead_letters().all(Actor.system(), args.subscriber, args.id)
                print(f"{done.retried} dead letters run again")
        finally:
            await infra.database().close()

    asyncio.run(main())
    return 0
