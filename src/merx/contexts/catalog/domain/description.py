"""Product descriptions from facts, for rows that bring none. Same product, same text; neighbours read differently."""

import re
from collections.abc import Callable
from zlib import crc32

from merx.contexts.catalog.domain.fact_text import sentences
from merx.contexts.catalog.domain.feed import FeedProduct
from merx.contexts.catalog.domain.garment_text import is_garment, lines_for_garment
from merx.contexts.catalog.domain.wording import listed

_MASS = ("paper", "film", "media", "memory", "software", "textile", "equipment")

# "an uninterruptible power supply", "an LED lamp", "a USB cable", "a unit".
_SOUNDS_OPEN = re.compile(r"[aeio]|un(?!i[tfqv])|up|[AEFHILMNORSX][A-Z]|A|I")

_OPENINGS: tuple[Callable[[str, str, str], str], ...] = (
    lambda title, kind, brand: f"The {title} is {kind} from {brand}.",
    lambda title, kind, brand: f"{title}: {kind} made by {brand}.",
    lambda title, kind, brand: f"With the {title}, {brand} offers {kind}.",
    lambda title, kind, brand: f"{_capital(kind)} by {brand}, sold as {title}.",
)


def compose(product: FeedProduct) -> str:
    """Short plain sentences that say nothing the attributes do not. Never empty."""
    seed = crc32(product.id.encode())
    if is_garment(product):
        return " ".join(lines_for_garment(product, seed))
    return " ".join([_opening(product, seed), *sentences(product.attributes, seed // 7)])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _title(product: FeedProduct) -> str:
    """The name up to and with the model; what follows in many feeds is a list of figures."""
    brand, model, name = product.brand or "", product.model or "", product.name
    at = name.lower().find(model.lower()) if len(model) > 2 else -1
    if at >= 0:
        name = name[: at + len(model)]
    if brand and name.lower().startswith(brand.lower() + " "):
        name = name[len(brand) + 1 :]
    return name.rstrip(". ")


def _kind(product: FeedProduct) -> str | None:
    """The narrowest category with its article, where it is a word for one thing."""
    word = product.category[-1]
    if word.endswith("s") or "&" in word or "/" in word:
        return None
    word = word if word[:2].isupper() else word[0].lower() + word[1:]
    if word.endswith(_MASS):
        return word
    return f"{'an' if _SOUNDS_OPEN.match(word) else 'a'} {word}"


def _opening(product: FeedProduct, seed: int) -> str:
    kind, colour = _kind(product), product.attributes.get("colour")
    title = _title(product)
    if kind is None or not product.brand:
        opening = f"{title} from {product.brand}." if product.brand else f"{title}."
    else:
        opening = _OPENINGS[seed % len(_OPENINGS)](title, kind, product.brand)
    if isinstance(colour, str) and colour.lower() not in {"multicolour", "transparent"}:
        opening = f"{opening[:-1]}, in {listed(colour.lower().split(', '))}."
    return _capital(opening)
