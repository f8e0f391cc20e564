"""The audit trail: prove that it is as it was written, or look at its end.

merx audit verify              today
merx audit verify --day 2031-01-31
merx audit verify --all        from the first row on
merx audit verify --chain-only without the secret of the shop: the chain and the anchors, not the seals
merx audit list                the newest rows; narrow them with --action and --target-id

A trail that was touched ends `verify` with code 1 and a line that names the first bad row.
"""

import argparse
import asyncio
import sys
from datetime import date
from pathlib import Path
from typing import Any


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="do", metavar="ACTION", required=True)
    verify = actions.add_parser("verify", help="prove the chain")
    which = verify.add_mutually_exclusive_group()
    which.add_argument("--day", type=date.fromisoformat, metavar="DAY", help="2031-01-31, in UTC; default today")
    which.add_argument("--all", action="store_true", help="the whole trail")
    verify.add_argument("--chain-only", action="store_true", help="do not look at the seals, which take the secret")
    listing = actions.add_parser("list", help="the newest rows")
    listing.add_argument("--action", help="catalog.product-edited, or catalog for everything there")
    listing.add_argument("--target-id", metavar="ID", help="only what was done to this")
    listing.add_argument("--limit", type=int, choices=range(1, 101), default=20, metavar="N", help="1 to 100")
    for each in (verify, listing):
        each.add_argument("--data", type=Path, help="folder of the running shop, default ./.merx")


def run(args: argparse.Namespace) -> int:
    from merx.bootstrap.chosen_shop import settings_of
    from merx.bootstrap.infra import Infra
    from merx.contexts.audit.container import AuditContainer

    settings = settings_of(args.data)
    if settings.storage == "memory":
        print("merx: a shop in memory keeps its trail to itself: GET /api/v1/audit", file=sys.stderr)
        return 1
    infra = Infra(settings=settings)
    audit = AuditContainer(infra=infra)

    async def main() -> int:
        try:
            return await (_verify(audit, args) if args.do == "verify" else _list(audit, args))
        finally:
            await infra.database().close()

    return asyncio.run(main())


async def _verify(audit: Any, args: argparse.Namespace) -> int:
    day = None if args.all else args.day or audit.infra.clock().now().date()
    verdict = await audit.verify_trail()(day, chain_only=args.chain_only)
    what = "the trail" if day is None else f"{day}"
    if verdict.fault is not None:
        fault = verdict.fault
        print(f"row {fault.seq} of {what} was {fault.kind}: {fault.detail}", file=sys.stderr)
        return 1
    if not verdict.rows:
        print(f"{what} has no rows")
        return 0
    counts = f"{verdict.rows:,} rows, {verdict.sealed:,} seals, {verdict.anchors:,} anchors"
    print(f"{what} is as it was written: {counts}, head {verdict.head_hash}")
    return 0


async def _list(audit: Any, args: argparse.Namespace) -> int:
    from merx.contexts.audit.ports.queries import AuditFilter

    wanted = AuditFilter(action=args.action, target_id=args.target_id, limit=args.limit)
    for row in (await audit.queries().page(wanted)).items:
        who = f"{row.actor_kind}:{row.actor_id}" if row.actor_id else row.actor_kind
        by = f" (staff:{row.impersonator_id})" if row.impersonator_id else ""
        when = row.at.isoformat(timespec="seconds")
        print(f"{row.seq}  {when}  {row.action}  {row.target} {row.target_id}  {who}{by}  {row.client}")
    return 0
