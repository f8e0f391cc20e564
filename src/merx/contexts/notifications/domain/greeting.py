"""By which name somebody is called in a mail.

Whoever registers, or orders as a guest, writes a name and somebody else's address: the shop's mail would carry what
they write there, a link above all, to anybody.
"""

import unicodedata

_LONGEST = 60
_BETWEEN = frozenset(" -'\u2019\u00b7,")


def callable_name(name: str) -> str:
    """The name as it is when it can be nothing but one: letters and what stands between them. Else empty."""
    follows = (*name[1:], " ")
    plain = all(_part_of_a_name(char, after) for char, after in zip(name, follows, strict=True)) if name else False
    return name if plain and len(name) <= _LONGEST else ""


def _part_of_a_name(char: str, after: str) -> bool:
    # `J. R. Hartley`, but not `shop.example`.
    return unicodedata.category(char)[0] in "LM" or char in _BETWEEN or (char == "." and after in " -")
