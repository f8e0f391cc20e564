"""The body of a mail, written once and shown as plain text and as HTML."""

from collections.abc import Sequence
from html import escape
from typing import Protocol

import msgspec

from merx.contexts.notifications.domain.mail import one_line

_FONT = "font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;color:#1a1a1a"


class Block(Protocol):
    """A part of a body. `text` and `html` end without a line break."""

    def text(self) -> str: ...

    def html(self) -> str:
        """Everything that came from outside is escaped."""
        ...


class Paragraph(msgspec.Struct, frozen=True):
    words: str

    def text(self) -> str:
        return one_line(self.words, 2000)

    def html(self) -> str:
        return f"<p>{escape(self.text())}</p>"


class Lines(msgspec.Struct, frozen=True):
    """Short lines below each other, such as an address; empty ones are left out."""

    lines: Sequence[str]

    def text(self) -> str:
        return "\n".join(f"  {line}" for line in self._shown())

    def html(self) -> str:
        return f"<p>{'<br>'.join(escape(line) for line in self._shown())}</p>"

    def _shown(self) -> list[str]:
        return [line for line in map(one_line, self.lines) if line]


class Table(msgspec.Struct, frozen=True):
    """Rows of words and a figure. The last `totals` rows stand out."""

    rows: Sequence[tuple[str, str]]
    totals: int = 0

    def text(self) -> str:
        rows = self._shown()
        left = min(max((len(words) for words, _ in rows), default=0), 60)
        right = max((len(figure) for _, figure in rows), default=0)
        lines = [f"  {words:<{left}}  {figure:>{right}}" for words, figure in rows]
        if self.totals:
            lines.insert(len(lines) - self.totals, "  " + "-" * (left + right + 2))
        return "\n".join(lines)

    def html(self) -> str:
        rows = self._shown()
        first_total = len(rows) - self.totals
        cells = [
            f'<tr{_style(number >= first_total)}><td style="padding:4px 16px 4px 0">{escape(words)}</td>'
            f'<td style="padding:4px 0;text-align:right;white-space:nowrap">{escape(figure)}</td></tr>'
            for number, (words, figure) in enumerate(rows)
        ]
        return f'<table style="border-collapse:collapse">{"".join(cells)}</table>'

    def _shown(self) -> list[tuple[str, str]]:
        return [(one_line(words, 400), one_line(figure)) for words, figure in self.rows]


class Link(msgspec.Struct, frozen=True):
    words: str
    url: str

    def text(self) -> str:
        return f"{one_line(self.words)}: {self.url}"

    def html(self) -> str:
        return f'<p><a href="{escape(self.url)}">{escape(one_line(self.words))}</a></p>'


def _style(total: bool) -> str:
    return ' style="border-top:1px solid #ccc;font-weight:600"' if total else ""


def as_text(blocks: Sequence[Block]) -> str:
    return "\n\n".join(block.text() for block in blocks) + "\n"


def as_html(title: str, blocks: Sequence[Block]) -> str:
    """A whole document. No picture, style sheet or script is fetched: nobody learns that the mail was opened."""
    body = "\n".join(block.html() for block in blocks)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>\n'
        f'<body style="{_FONT}">\n{body}\n</body></html>\n'
    )
