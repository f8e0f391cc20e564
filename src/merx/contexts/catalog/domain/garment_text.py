"""Sentences about clothes: cut, cloth, colours and care."""

from merx.contexts.catalog.domain.feed import FeedProduct
from merx.contexts.catalog.domain.wording import AttributeValue, listed

_PLAIN = frozenset({"plain", ""})


def is_garment(product: FeedProduct) -> bool:
    return isinstance(product.attributes.get("fabric"), str) and isinstance(product.attributes.get("fit"), str)


def lines_for_garment(product: FeedProduct, seed: int) -> list[str]:
    facts = {name: value for name, value in product.attributes.items() if isinstance(value, str)}
    cut, cloth, choice, care = _cut(product, facts, seed), _cloth(facts, seed // 3), _choice(product), _care(facts)
    lines = [cut, _details(facts), cloth, choice, care] if seed % 2 else [cut, cloth, _details(facts), care, choice]
    return [line for line in lines if line]


def _noun(product: FeedProduct) -> str:
    name = product.name
    for lead in (product.brand, product.model):
        name = name.removeprefix(f"{lead} ") if lead else name
    return name.lower().replace("t-shirt", "T-shirt").replace("v-neck", "V-neck")


def _cut(product: FeedProduct, facts: dict[str, str], seed: int) -> str:
    noun, fit, material = _noun(product), facts["fit"].lower(), facts.get("material", "soft cloth").lower()
    named = product.model or product.name
    plural = noun.endswith("s")
    article = "" if plural else "an " if noun[0] in "aeiou" else "a "
    shapes = (
        f"The {named} {'are' if plural else 'is'} {article}{noun} in {material} with a {fit} fit.",
        f"{noun[0].upper()}{noun[1:]} in {material}, cut for a {fit} fit.",
        f"{product.brand or 'We'} {'cuts' if product.brand else 'cut'} the {named} from {material}: {article}{noun}, {fit} in fit.",
        f"A {fit} fit and {material} make the {named} {article or 'the '}{noun} to reach for.",
    )
    return shapes[seed % len(shapes)]


def _details(facts: dict[str, str]) -> str:
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
        parts.append(f"{_article(facts['pattern'])} {facts['pattern'].lower()} pattern")
    extras = [word for name, word in (("hood", "hood"), ("waterproof", "waterproof shell")) if facts.get(name) == "Yes"]
    parts += [f"a {word}" for word in extras]
    return f"It has {listed(parts)}." if parts else ""


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


def _care(facts: dict[str, AttributeValue]) -> str:
    care = facts.get("care")
    return f"{care}." if isinstance(care, str) else ""
