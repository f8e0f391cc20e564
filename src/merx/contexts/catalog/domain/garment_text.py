"""Sentences about clothes: cut, cloth, colours and care."""

from merx.contexts.catalog.domain.feed import FeedProduct
from merx.contexts.catalog.domain.wording import listed

_PLAIN = frozenset({"plain", ""})
_KEPT = ("T-shirt", "V-neck", "Fair Isle", "Breton", "Oxford")


def is_garment(product: FeedProduct) -> bool:
    return isinstance(product.attributes.get("fabric"), str) and isinstance(product.attributes.get("fit"), str)


def lines_for_garment(product: FeedProduct, seed: int) -> list[str]:
    facts = {name: value for name, value in product.attributes.items() if isinstance(value, str)}
    cut, cloth, choice, care = _cut(product, facts, seed), _cloth(facts, seed // 3), _choice(product), _care(facts)
    details = _details(facts, "They have" if _is_plural(_noun(product)) else "It has")
    lines = [cut, details, cloth, choice, care] if seed // 4 % 2 else [cut, cloth, details, care, choice]
    return [line for line in lines if line]


def _noun(product: FeedProduct) -> str:
    name = product.name
    for lead in (product.brand, product.model):
        name = name.removeprefix(f"{lead} ") if lead else name
    words = name.lower()
    for kept in _KEPT:
        words = words.replace(kept.lower(), kept)
    return words


def _cut(product: FeedProduct, facts: dict[str, str], seed: int) -> str:
    noun, named = _noun(product), product.model or product.name
    fit = facts["fit"].lower()
    fitting = "fitted shape" if fit == "fitted" else f"{fit} fit"
    material = facts.get("material", "").lower()
    # "Wool overcoat in wool" says one thing twice.
    cloth = f" in {material}" if material and not any(word in noun.lower() for word in material.split()) else ""
    plural = _is_plural(noun)
    thing = noun if plural else f"{_article(noun)} {noun}"
    maker = product.brand or "its maker"
    shapes = (
        f"The {named} {'are' if plural else 'is'} {thing}{cloth} with {_article(fitting)} {fitting}.",
        f"{_sentence(noun)}{cloth}, cut for {_article(fitting)} {fitting}.",
        f"{_sentence(maker)} cuts the {named} with {_article(fitting)} {fitting}: {thing}{cloth}.",
        f"{_sentence(thing)}{cloth} from {maker}, with {_article(fitting)} {fitting}.",
    )
    return shapes[seed % len(shapes)]


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _is_plural(noun: str) -> bool:
    return noun.endswith("s") and not noun.endswith("ss")


def _details(facts: dict[str, str], lead: str) -> str:
    parts = []
    if neck := facts.get("neckline") or facts.get("collar"):
        plain = neck.lower().replace("v-neck", "V-neck")
        known = ("neck", "collar", "hood")
        suffix = "" if plain.endswith(known) else " collar" if "collar" in facts else " neckline"
        parts.append(f"{_article(plain)} {plain}{suffix}")
    if sleeve := facts.get("sleeve_length"):
        parts.append("no sleeves" if sleeve == "Sleeveless" else f"{sleeve.lower()} sleeves")
    if rise := facts.get("rise"):
        parts.append(f"a {rise.lower()} rise")
    if length := facts.get("length"):
        parts.append(f"{_article(length.lower())} {length.lower()} length")
    if closure := facts.get("closure"):
        fastening = closure.lower()
        parts.append(fastening if fastening.endswith("s") else f"{_article(fastening)} {fastening} closure")
    if facts.get("pattern", "").lower() not in _PLAIN:
        parts.append(f"{_article(facts['pattern'])} {_pattern(facts['pattern'])} pattern")
    extras = [word for name, word in (("hood", "hood"), ("waterproof", "waterproof shell")) if facts.get(name) == "Yes"]
    parts += [f"a {word}" for word in extras]
    return f"{lead} {listed(parts)}." if parts else ""


def _pattern(name: str) -> str:
    return name if " " in name else name.lower()


def _article(word: str) -> str:
    return "an" if word[0].lower() in "aeiou" else "a"


def _cloth(facts: dict[str, str], seed: int) -> str:
    fabric = facts["fabric"]
    season = facts.get("season", "").lower()
    shapes = (f"Fabric: {fabric}.", f"Made from {fabric}.", f"The cloth is {fabric}.")
    when = {"": "", "all year": " Made to be worn all year round."}.get(season, f" Best worn in {season}.")
    return shapes[seed % len(shapes)] + when


def _choice(product: FeedProduct) -> str:
    values: dict[str, list[str]] = {}
    for variant in product.variants:
        for name, value in variant.options.items():
            if value not in values.setdefault(name, []):
                values[name].append(value)
    colours = listed([colour.lower() for colour in values.get("colour", [])])
    sizes = values.get("size", [])
    span = f"sizes {sizes[0]} to {sizes[-1]}" if len(sizes) > 1 else f"size {sizes[0]}" if sizes else ""
    if colours and span:
        return f"Comes in {colours}, in {span}."
    return f"Comes in {colours or span}." if colours or span else ""


def _care(facts: dict[str, str]) -> str:
    return f"{facts['care']}." if "care" in facts else ""
