"""Text limits shared by commands. Every string from outside is bounded and free of NUL, which PostgreSQL refuses."""

import re
import unicodedata
from typing import Annotated

import msgspec

# One line that shows something: a name of blanks cannot be clicked, and a line break could forge a mail header.
LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*\Z"
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=LINE)]
Text = Annotated[str, msgspec.Meta(max_length=20_000, pattern=r"^[^\x00]*\Z")]
Slug = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*\Z")]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+( [\x21-\x7e]+)*\Z")]

# What the longest name comes to when each of its letters becomes two. Some become three.
LONGEST_SEARCH_KEY = 400

_SEPARATORS = re.compile(r"[^a-z0-9]+")


def slugify(text: str, limit: int = 120) -> str:
    """A URL name: ASCII lower case and single hyphens. Empty when the text has no letter or digit to keep."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _SEPARATORS.sub("-", ascii_text).strip("-")[:limit].rstrip("-")


def search_key(text: str) -> str:
    """As names and e-mails are compared and sorted for whoever searches: one letter has one form, however it was typed.

    Folded and not only small: the small form of a letter may depend on what follows it (`Σ`), and the key of a
    beginning must be the beginning of the key.
    """
    folded = unicodedata.normalize("NFC", text.strip()).casefold()
    return unicodedata.normalize("NFC", folded)[:LONGEST_SEARCH_KEY]
