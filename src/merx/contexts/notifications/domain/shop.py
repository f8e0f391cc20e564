"""What mails say of the shop itself."""

from collections.abc import Callable
from urllib.parse import quote
from uuid import UUID

import msgspec

from merx.contexts.notifications.domain.body import Block, Lines, Link, Paragraph
from merx.contexts.notifications.domain.greeting import callable_name


class Shop(msgspec.Struct, frozen=True):
    """How the shop calls itself and where it is found; `order_token` is what a guest opens an order with.

    `account_url` is the page that takes codes, `code` gives the text of one-time codes by purpose and id.
    """

    name: str
    public_url: str
    order_token: Callable[[UUID], str]
    account_url: str
    code: Callable[[str, UUID], str]

    def order_link(self, order_id: UUID, *, guest: bool) -> str:
        """The token stands behind `#`: browsers do not send that part, so it appears in no log on the way."""
        address = f"{self.public_url.rstrip('/')}/orders/{order_id}"
        return f"{address}#token={quote(self.order_token(order_id))}" if guest else address

    def with_code(self, words: str, purpose: str, code_id: UUID) -> list[Block]:
        """A link that brings the code along, behind `#` as above, and the code for those who cannot follow links."""
        code = self.code(purpose, code_id)
        link = f"{self.account_url}/{purpose}#code={quote(code)}"
        return [Link(words, link), Paragraph("Or enter this code:"), Lines([code])]


# What a mail says: its subject and its body.
Said = tuple[str, list[Block]]


def said(subject: str, name: str, *body: str | Block) -> Said:
    """A mail to somebody who is called by name, if it is one. A sentence of it is a paragraph."""
    called = callable_name(name)
    blocks: list[Block] = [Paragraph(f"Hello {called}," if called else "Hello,")]
    return subject, blocks + [Paragraph(each) if isinstance(each, str) else each for each in body]
