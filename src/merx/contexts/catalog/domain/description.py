"""Product descriptions from facts, for rows that bring none. Same product, same text; neighbours read differently."""

from collections.abc import Callable
from zlib import crc32

from merx.contexts.catalog.domain.feed import FeedProduct
from merx.contexts.catalog.domain.garment_text import is_garment, lines_for_garment
from merx.contexts.catalog.domain.wording import AttributeValue, label, listed, quantity, unit

_MOST_FACTS = 6
_SIZES = ("width_mm", "height_mm", "depth_mm")
# Said in a sentence of their own, or better not repeated.
_TOLD = frozenset({"width_mm", "height_mm", "depth_mm", "weight_g", "weight_kg", "colour", "compatibility", "material"})
_UNTOLD = frozenset({"type", "product_type", "brand_compatibility", "mpn", "source"})
_MASS = ("paper", "film", "media", "memory", "software", "textile", "equipment")

_OPENINGS: tuple[Callable[[str, str, str], str], ...] = (
    lambda title, kind, brand: f"The {title} is {kind} from {brand}.",
    lambda title, kind, brand: f"{title}: {kind} made by {brand}.",
    lambda title, kind, brand: f"With the {title}, {brand} offers {kind}.",
    lambda title, kind, brand: f"{_capital(kind)} by {brand}, sold as {title}.",
)
_FACT_LEADS = ("It has", "It comes with", "You get", "Key figures are", "It offers")
_FEATURE_LEADS = ("Also on board: {}.", "Features: {}.", "It supports {} as well.", "Built in: {}.")


def compose(product: FeedProduct) -> str:
    """Short plain sentences that say nothing the attributes do not. Never empty."""
    seed = crc32(product.id.encode())
    if is_garment(product):
        return " ".join(lines_for_garment(product, seed))
    facts = product.attributes
    lines = [_opening(product, seed), *_figures(facts, seed // 7), _features(facts, seed // 11)]
    middle = [_material(facts), _compatibility(facts), _size(facts), _pack(facts)]
    if seed % 2:
        middle.reverse()
    return " ".join(filter(None, lines + middle))


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
    return name


def _kind(product: FeedProduct) -> str | None:
    """The narrowest category with its article, where it is a word for one thing."""
    word = product.category[-1]
    if word.endswith("s") or "&" in word or "/" in word:
        return None
    word = word if word[:2].isupper() else word[0].lower() + word[1:]
    if word.endswith(_MASS):
        return word
    sounds_open = word[0] in "aeio" or word.startswith(
        ("u" if not word.startswith(("uni", "usb", "USB")) else "~", "LED")
    )
    return f"{'an' if sounds_open else 'a'} {word}"


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


def _fact(name: str, value: AttributeValue) -> str | None:
    """One attribute inside a list: `3 USB 2.0 ports`, `a cable length of 2 m` without its article, `panel type IPS`."""
    if isinstance(value, bool):
        return None
    words = label(name)
    if isinstance(value, str):
        return f"{words} {value}" if len(value) <= 40 else None
    if name.endswith("_quantity") or name.startswith("number_of_"):
        thing = words.removesuffix(" quantity").removeprefix("number of ")
        return f"{value} {thing[:-1] if value == 1 and thing.endswith('s') else thing}"
    if "page_yield" in name:
        return f"a yield of about {value:,} pages"
    if unit(name):
        return f"{words} {quantity(name, value)}"
    return f"{words} {quantity(name, value)}" if isinstance(value, int) else None


def _figures(facts: dict[str, AttributeValue], seed: int) -> list[str]:
    told = _TOLD | _UNTOLD
    found = [text for name, value in facts.items() if name not in told and (text := _fact(name, value))]
    found = found[:_MOST_FACTS]
    if not found:
        return []
    lead = _FACT_LEADS[seed % len(_FACT_LEADS)]
    if len(found) <= 3:
        return [f"{lead} {listed(found)}."]
    half = (len(found) + 1) // 2
    return [f"{lead} {listed(found[:half])}.", f"{_capital(listed(found[half:]))} complete the picture."]


def _features(facts: dict[str, AttributeValue], seed: int) -> str:
    names = [label(name) for name, value in facts.items() if value is True]
    return _FEATURE_LEADS[seed % len(_FEATURE_LEADS)].format(listed(names[:4])) if names else ""


def _material(facts: dict[str, AttributeValue]) -> str:
    material = facts.get("material")
    return f"Made of {listed(material.lower().split(', '))}." if isinstance(material, str) else ""


def _compatibility(facts: dict[str, AttributeValue]) -> str:
    fits = facts.get("compatibility")
    return f"Fits {fits.rstrip('.')}." if isinstance(fits, str) and len(fits) <= 120 else ""


def _size(facts: dict[str, AttributeValue]) -> str:
    sizes = [facts.get(name) for name in _SIZES]
    weight_name = "weight_g" if "weight_g" in facts else "weight_kg"
    weight = facts.get(weight_name)
    parts = []
    if all(isinstance(size, int | float) for size in sizes):
        parts.append(f"measures {' × '.join(f'{size:g}' for size in sizes)} mm")
    if isinstance(weight, int | float):
        parts.append(f"weighs {quantity(weight_name, weight)}")
    return f"It {listed(parts)}." if parts else ""


def _pack(facts: dict[str, AttributeValue]) -> str:
    pieces = facts.get("quantity_per_pack")
    return f"Sold in packs of {pieces}." if isinstance(pieces, int) and pieces > 1 else ""
