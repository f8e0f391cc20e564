"""Print an access token of a staff account, for curl and scripts.

    curl -H "Authorization: Bearer $(merx token)" http://localhost:8000/api/v1/users/me

Without --email it speaks for the oldest staff account. It ends when it expires or
the account is disabled, so keep --ttl short.
"""

import argparse
import asyncio
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST = 30 * 86_400


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", help="a staff account, default the oldest one")
    parser.add_argument("--ttl", type=seconds, default="12h", metavar="TIME", help="30m, 12h, 7d; default 12h")
    parser.add_argument(
        "--permissions", default="", metavar="LIST", help="comma between; default all that the account holds"
    )
    parser.add_argument("--data", type=Path, help="folder of the running shop, default ./.merx")


def seconds(text: str) -> int:
    """`90`, `30m`, `12h`, `7d` in seconds, a second to 30 days."""
    found = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no time such as 30m, 12h or 7d")
    value = int(found[1]) * _UNITS[found[2]]
    if not 1 <= value <= _LONGEST:
        raise argparse.ArgumentTypeError("a token lives from one second to 30 days")
    return value


def run(args: argparse.Namespace) -> int:
    from merx.kernel.errors import MerxError

    try:
        token, email = asyncio.run(_issue(args))
    except MerxError as error:
        print(f"merx: {error.detail}", file=sys.stderr)
        return 1
    until = datetime.now(UTC).astimezone() + timedelta(seconds=args.ttl)
    # Beside the output, so that $(merx token) is the token alone.
    print(f"speaks for {email} until {until:%Y-%m-%d %H:%M %Z}", file=sys.stderr)
    print(token)
    return 0


async def _issue(args: argparse.Namespace) -> tuple[str, str]:
    from merx.bootstrap.chosen_shop import settings_of
    from merx.bootstrap.infra import Infra
    from merx.contexts.identity.container import IdentityContainer
    from merx.kernel.errors import Unavailable

    settings = settings_of(args.data)
    if settings.storage == "memory":
        raise Unavailable("a shop in memory keeps its accounts to itself: sign in at /api/v1/auth/login")
    infra = Infra(settings=settings)
    identity = IdentityContainer(infra=infra)
    permissions = tuple(name.strip() for name in args.permissions.split(",") if name.strip())
    try:
        token, profile = await identity.issue_staff_token()(args.email, permissions, args.ttl)
    finally:
        await infra.database().close()
    return token, profile.email
