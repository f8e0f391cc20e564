import msgspec
import pytest

from merx.contexts.catalog.domain.description import compose
from merx.contexts.catalog.domain.feed import FeedProduct, FeedVariant
from merx.contexts.catalog.domain.wording import label, listed, quantity, unit

LAMP = FeedProduct(
    id="x",
    name="Lumo L-100 desk lamp LED 7 W",
    brand="Lumo",
    model="L-100",
    currency="USD",
    category=("Home", "Desk lamp"),
    attributes={"power_w": 7, "colour": "Black, White", "dimmable": True, "weight_g": 1250, "material": "Steel"},
    variants=(FeedVariant(sku="x", price_amount=1),),
)
DRESS = FeedProduct(
    id="d",
    name="Vellune Row Juniper Wrap Midi Dress",
    brand="Vellune Row",
    model="Juniper",
    currency="USD",
    category=("Clothing", "Women", "Dresses"),
    attributes={"fabric": "100% viscose", "fit": "Regular", "neckline": "V-neck", "season": "Summer"},
    variants=tuple(
        FeedVariant(sku=f"{colour}{size}", price_amount=1, options={"colour": colour, "size": size})
        for colour in ("Black", "Rust")
        for size in ("S", "M", "L")
    ),
)


def test_a_thing_with_a_data_sheet() -> None:
    text = compose(LAMP)
    for part in (
        "a desk lamp",
        "Lumo",
        "in black and white",
        "power 7 W",
        "dimmable",
        "weighs 1.25 kg",
        "Made of steel.",
    ):
        assert part.lower() in text.lower()


def test_a_garment() -> None:
    text = compose(DRESS)
    for part in (
        "wrap midi dress",
        "regular fit",
        "a V-neck",
        "100% viscose",
        "Best worn in summer.",
        "black and rust",
    ):
        assert part in text
    assert "in sizes S to L." in text


def test_same_product_same_text_and_neighbours_differ() -> None:
    assert compose(LAMP) == compose(LAMP)
    assert len({compose(msgspec.structs.replace(LAMP, id=str(n))).split(".")[0] for n in range(20)}) > 2


def test_a_bare_product_still_gets_a_sentence() -> None:
    bare = FeedProduct(id="1", name="Thing", currency="USD", category=("Odds & ends",), variants=LAMP.variants)
    assert compose(bare) == "Thing."


@pytest.mark.parametrize(
    ("name", "expected", "measure"),
    [
        ("cable_length_m", "cable length", "m"),
        ("usb_2_0_ports_quantity", "USB 2.0 ports quantity", None),
        ("wi_fi", "Wi-Fi", None),
        ("2_4_ghz", "2 4 ghz", None),
        ("Sleeve Length", "Sleeve Length", None),
        ("m", "m", None),
    ],
)
def test_names_as_people_read_them(name: str, expected: str, measure: str | None) -> None:
    assert (label(name), unit(name)) == (expected, measure)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("weight_g", 2300, "2.3 kg"),
        ("weight_g", 999, "999 g"),
        ("viewing_angle_deg", 178, "178°"),
        ("display_diagonal_inch", 1, "1 inch"),
        ("page_yield", 12000, "12,000"),
        ("cable_length_m", 3.0, "3 m"),
    ],
)
def test_numbers_as_people_read_them(name: str, value: float, expected: str) -> None:
    assert quantity(name, value) == expected


def test_lists_as_people_read_them() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
