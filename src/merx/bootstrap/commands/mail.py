"""Look into the local mailbox: what a shop on this machine has sent.

merx mail list           the newest mails
merx mail show last      the newest one, as text
merx mail show 3f9a01c2  one by its id, or by any other part of its file name
"""

import argparse
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

_UNBROKEN = 1000


def configure(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="time, id, recipient and subject of the newest mails")
    listing.add_argument("--limit", type=_positive, default=20, help="how many, default 20")
    show = actions.add_parser("show", help="one mail as text")
    show.add_argument("id", metavar="ID", help="an id from the list, or `last`")
    show.add_argument("--raw", action="store_true", help="the file as it is, HTML part included")
    for action in (listing, show):
        action.add_argument("--data", type=Path, help="folder of the shop, default ./.merx")


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("a whole number, at least 1")
    return int(text)


def run(args: argparse.Namespace) -> int:
    from merx.bootstrap.chosen_shop import mail_folder_of
    from merx.contexts.notifications.adapters.reading import AmbiguousMail, MailFolder, MailNotFound

    folder = mail_folder_of(args.data)
    mails = MailFolder(folder)
    if args.action == "list":
        if found := mails.newest(args.limit):
            _print_table((_local(mail.at), mail.id, mail.to, mail.subject) for mail in found)
        else:
            print(f"No mail in {folder} yet.")
        return 0
    try:
        if args.raw:
            sys.stdout.buffer.write(mails.find(args.id).read_bytes())
            return 0
        mail, text = mails.open(args.id)
    except (MailNotFound, AmbiguousMail) as error:
        print(f"merx: {error.detail}", file=sys.stderr)
        return 1
    print(f"To:      {mail.to}\nSubject: {mail.subject}\nDate:    {_local(mail.at)}\n\n{text}")
    return 0


def _local(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def _print_table(rows: Iterable[tuple[str, str, str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("Time", "Id", "To", "Subject"):
        table.add_column(column, overflow="fold", no_wrap=column in ("Time", "Id"))
    for row in rows:
        # Text, not markup: a subject may hold square brackets.
        table.add_row(*map(Text, row))
    # One mail, one line for whoever pipes it into grep.
    Console(width=None if sys.stdout.isatty() else _UNBROKEN).print(table)
