"""Facts of things with a data sheet as sentences: the common ones in words of their own, the rest as a short list."""

from collections.abc import Mapping

from merx.contexts.catalog.domain.wording import AttributeValue, label, listed, quantity, unit

Facts = Mapping[str, AttributeValue]

_MOST_LISTED = 5
_SIZES = ("width_mm", "height_mm", "depth_mm")
_LIST_LEADS = ("In figures", "More facts", "Worth knowing", "The details", "At a glance")
_FEATURE_LEADS = ("Also on board", "Features", "Extras")

# Said elsewhere, or nothing that a sentence gains from.
_NOT_LISTED = frozenset(
    {"colour", "type", "product_type", "brand_compatibility", "compatibility", "material", "mpn", "quantity_per_pack"}
    | {"width_mm", "height_mm", "depth_mm", "weight_g", "weight_kg"}
)

# One attribute, one sentence. `{}` is the value with its unit.
_SENTENCES = {
    "cable_length_m": "The cable is {} long.",
    "page_yield": "It lasts for about {} pages.",
    "black_toner_page_yield": "It lasts for about {} pages in black.",
    "colour_toner_page_yield": "It lasts for about {} colour pages.",
    "maximum_screen_size_inch": "It takes screens of up to {}.",
    "maximum_load_kg": "It carries up to {}.",
    "maximum_capacity": "It holds up to {} sheets.",
    "total_input_capacity": "The trays hold {} sheets.",
    "rack_capacity": "It fills {} of a rack.",
    "recommended_age_min": "For children of {} years and older.",
    "number_of_years": "It runs for {} years.",
    "media_weight_gsm": "The material weighs {}.",
    "roll_length_m": "A roll is {} long.",
    "tape_length_m": "The tape is {} long.",
    "sheets_per_pack": "A pack holds {} sheets.",
    "labels_per_pack": "A pack holds {} labels.",
    "lamp_life_hours": "The lamp is made for {}.",
    "doll_height_mm": "It suits dolls of {} height.",
    "filter_size_mm": "The filter thread is {}.",
    "noise_level_db": "It runs at {}.",
    "surge_energy_rating_j": "It takes surges of {}.",
    "capacity_gb": "It stores {}.",
    "capacity_l": "It holds {}.",
    "capacity_in_cups": "It makes {} cups at a time.",
    "water_tank_capacity_l": "The tank takes {}.",
    "keyboard_layout": "The keys are laid out as {}.",
    "operating_system_installed": "{} is installed.",
    "digits": "The display shows {} digits.",
}


def sentences(facts: Facts, seed: int) -> list[str]:
    """All that is said about a thing after its opening. The order varies with the seed, the content does not."""
    told: set[str] = set()
    lines = [line for line in (_display(facts, told), _computer(facts, told), _link(facts, told)) if line]
    for name, template in _SENTENCES.items():
        value = facts.get(name)
        if value is not None and name not in told and not isinstance(value, bool):
            lines.append(template.format(value if isinstance(value, str) else quantity(name, value)))
            told.add(name)
    lines += [_power(facts, told), _list(facts, told, seed), _features(facts, seed)]
    middle = [_material(facts), _compatibility(facts), _size(facts), _pack(facts)]
    if seed % 2:
        middle.reverse()
    return [line for line in lines + middle if line]


def _display(facts: Facts, told: set[str]) -> str:
    diagonal = facts.get("display_diagonal_inch")
    if not isinstance(diagonal, int | float):
        return ""
    told |= {"display_diagonal_inch", "display_type", "display_technology", "display_resolution"}
    kind = facts.get("display_type") or facts.get("display_technology") or ""
    resolution = facts.get("display_resolution")
    shows = f" shows {str(resolution).replace(' x ', ' by ')} pixels" if resolution else ""
    screen = f"{diagonal:g}-inch {f'{kind} ' if isinstance(kind, str) and len(kind) < 16 else ''}screen".replace(
        "  ", " "
    )
    return f"The {screen}{shows}." if shows else f"It has a {screen}."


def _computer(facts: Facts, told: set[str]) -> str:
    parts = []
    processor, model = facts.get("processor_family"), facts.get("processor_model")
    if isinstance(processor, str) and "internal_memory_gb" in facts:
        parts.append(f"an {processor}" if processor[0] in "AEIO" else f"a {processor}")
        parts[-1] += f" processor ({model})" if isinstance(model, str) else " processor"
        told |= {"processor_family", "processor_model"}
    for name, noun in (("internal_memory_gb", "of memory"), ("total_storage_capacity_gb", "of storage")):
        value = facts.get(name)
        if isinstance(value, int | float):
            parts.append(f"{quantity(name, value)} {noun}")
            told.add(name)
    return f"Inside are {listed(parts)}." if len(parts) > 1 else f"It has {parts[0]}." if parts else ""


def _link(facts: Facts, told: set[str]) -> str:
    one, other = facts.get("connector_1"), facts.get("connector_2")
    if not (isinstance(one, str) and isinstance(other, str)):
        return ""
    told |= {"connector_1", "connector_2", "connector_gender"}
    return f"It has {one} at both ends." if one == other else f"It runs from {one} to {other}."


def _power(facts: Facts, told: set[str]) -> str:
    names = [
        name for name in ("output_power_capacity_va", "output_power_w") if isinstance(facts.get(name), int | float)
    ]
    told |= set(names)
    figures = [quantity(name, value) for name in names if isinstance(value := facts[name], int | float)]
    return f"It delivers {listed(figures)}." if figures else ""


def _listed_fact(name: str, value: AttributeValue) -> str | None:
    if isinstance(value, bool):
        return None
    words = label(name)
    if isinstance(value, str):
        return f"{words} {value}" if len(value) <= 48 else None
    if name.endswith("_quantity") or name.startswith("number_of_"):
        thing = words.removesuffix(" quantity").removeprefix("number of ")
        if value != 1:
            return f"{value} {thing}"
        return f"1 {thing[:-1]}" if thing.endswith("s") else f"{words} 1"
    if unit(name) or isinstance(value, int):
        return f"{words} {quantity(name, value)}"
    return None


def _list(facts: Facts, told: set[str], seed: int) -> str:
    found = (_listed_fact(name, value) for name, value in facts.items() if name not in told and name not in _NOT_LISTED)
    items = [item for item in found if item][:_MOST_LISTED]
    return f"{_LIST_LEADS[seed % len(_LIST_LEADS)]}: {'; '.join(items)}." if items else ""


def _features(facts: Facts, seed: int) -> str:
    names = [label(name) for name, value in facts.items() if value is True]
    return f"{_FEATURE_LEADS[seed // 5 % len(_FEATURE_LEADS)]}: {listed(names[:4])}." if names else ""


def _material(facts: Facts) -> str:
    material = facts.get("material")
    return f"Made of {listed(material.lower().split(', '))}." if isinstance(material, str) else ""


def _compatibility(facts: Facts) -> str:
    fits = facts.get("compatibility")
    return f"Fits {fits.strip('-. ')}." if isinstance(fits, str) and len(fits) <= 120 else ""


def _size(facts: Facts) -> str:
    sizes = [size for name in _SIZES if isinstance(size := facts.get(name), int | float)]
    weight_name = "weight_g" if "weight_g" in facts else "weight_kg"
    weight = facts.get(weight_name)
    parts = []
    if len(sizes) == len(_SIZES):
        parts.append(f"measures {' x '.join(f'{size:g}' for size in sizes)} mm")
    if isinstance(weight, int | float):
        parts.append(f"weighs {quantity(weight_name, weight)}")
    return f"It {listed(parts)}." if parts else ""


def _pack(facts: Facts) -> str:
    pieces = facts.get("quantity_per_pack")
    return f"Sold in packs of {pieces}." if isinstance(pieces, int) and pieces > 1 else ""
