"""Facets against counting by hand, and the truth about variants."""

import asyncio
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from merx.contexts.catalog.api import ProductDocument, VariantDocument
from merx.contexts.search.adapters.memory import MemorySearchIndex
from merx.contexts.search.domain.analysis import fold
from merx.contexts.search.domain.facets import Facet, Selection, TooManyFilters, price_band
from merx.contexts.search.usecases.find_products import SearchPage
from tests.contexts.search.conftest import Shop, document, variant

COLOURS, SIZES, BRANDS = ("Red", "Blue", "Green"), ("S", "M", "L"), ("Acme", "Lumo")
CATEGORIES = (("Home", "Lamps"), ("Home", "Chairs"), ("Garden", "Grills"))
NAMES = ("category", "brand", "price", "in_stock", "attr.colour", "attr.size", "attr.fabric")

both = {"colour": st.sampled_from(COLOURS), "size": st.sampled_from(SIZES)}
options = st.fixed_dictionaries(both) | st.fixed_dictionaries(both) | st.fixed_dictionaries({}, optional=both)
variants = st.lists(
    st.tuples(options, st.sampled_from((5_00, 5_00, 12_00, 90_00)), st.sampled_from((0, 3))), min_size=1, max_size=5
)
attributes = st.fixed_dictionaries(
    {}, optional={"Colour": st.sampled_from(COLOURS), "Fabric": st.sampled_from(("Wool", "Silk"))}
)
products = st.tuples(
    st.sampled_from(("lamp", "chair")),
    st.sampled_from(BRANDS),
    st.sampled_from(CATEGORIES),
    attributes,
    variants,
    st.sampled_from(("USD", "USD", "USD", "EUR")),
)


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), unique=True, max_size=2).map(tuple)


@st.composite
def selections(draw: st.DrawFn) -> Selection:
    chosen = {
        "colour": tuple(map(fold, draw(some(COLOURS)))),
        "size": tuple(map(fold, draw(some(SIZES)))),
        "fabric": tuple(map(fold, draw(some(("Wool", "Silk"))))),
    }
    return Selection(
        categories=draw(some(("home", "lamps", "garden"))),
        brands=draw(some(("acme", "lumo"))),
        properties={name: values for name, values in chosen.items() if values},
        price_min=draw(st.sampled_from((None, None, 5_00, 6_00))),
        price_max=draw(st.sampled_from((None, None, 12_00, 95_00))),
        currency=draw(st.sampled_from(("USD", "EUR"))),
        in_stock=draw(st.booleans()),
    )


def made(drawn: tuple) -> ProductDocument:
    name, brand, categories, attributes, variants, currency = drawn
    sold = [variant("X", price, available, currency, **options) for options, price, available in variants]
    return document(name, *sold, brand=brand, categories=categories, attributes=attributes)


# ---- counting by hand


def properties_of(product: ProductDocument, sold: VariantDocument) -> dict[str, str]:
    """An option name that any variant has is no attribute of the product."""
    taken = {name for other in product.variants for name in other.options}
    own = {fold(name): fold(value) for name, value in product.attributes.items() if fold(name) not in taken}
    return own | {name: fold(value) for name, value in sold.options.items()}


def meets(product: ProductDocument, sold: VariantDocument, chosen: Selection) -> bool:
    own = properties_of(product, sold)
    amount = sold.price.amount
    return (
        all(own.get(name) in values for name, values in chosen.properties.items())
        and (not chosen.in_stock or sold.available > 0)
        and (chosen.price_min is None or amount >= chosen.price_min)
        and (chosen.price_max is None or amount <= chosen.price_max)
    )


def found_by_hand(products: list[ProductDocument], chosen: Selection) -> list[ProductDocument]:
    def fits(product: ProductDocument) -> bool:
        return (
            (not chosen.categories or any(step.slug in chosen.categories for step in product.categories))
            and (not chosen.brands or product.brand_slug in chosen.brands)
            and (not chosen.priced or product.variants[0].price.currency == chosen.currency)
            and any(meets(product, sold, chosen) for sold in product.variants)
        )

    return list(filter(fits, products))


def with_property(chosen: Selection, name: str, value: str) -> Selection:
    return msgspec.structs.replace(chosen, properties={**chosen.properties, name: (value,)})


def expected(products: list[ProductDocument], chosen: Selection) -> Iterator[tuple[str, dict[str, int]]]:
    free = msgspec.structs.replace(chosen, categories=())
    slugs = (step.slug for product in found_by_hand(products, free) for step in product.categories)
    yield "category", dict(Counter(slugs))
    free = msgspec.structs.replace(chosen, brands=())
    yield "brand", dict(Counter(product.brand_slug for product in found_by_hand(products, free)))
    stocked = found_by_hand(products, msgspec.structs.replace(chosen, in_stock=True))
    yield "in_stock", {"true": len(stocked)}
    for name, values in (("colour", COLOURS), ("size", SIZES), ("fabric", ("Wool", "Silk"))):
        counts = {v: len(found_by_hand(products, with_property(chosen, name, fold(v)))) for v in values}
        yield f"attr.{name}", counts


def check(products: list[ProductDocument], chosen: Selection, page: SearchPage) -> None:
    assert page.total == len(found_by_hand(products, chosen))
    facets = {facet.name: facet for facet in page.facets}
    for name, counts in expected(products, chosen):
        shown = {value.value: value.count for value in facets[name].values} if name in facets else {}
        assert {value: count for value, count in shown.items() if count} == {v: c for v, c in counts.items() if c}
        assert all(value.count or value.selected for value in facets.get(name, Facet(name="", values=[])).values)
    check_price(products, chosen, page)


def check_price(products: list[ProductDocument], chosen: Selection, page: SearchPage) -> None:
    free = chosen.without_price()
    left = found_by_hand(products, free)
    if page.price is None:
        assert not [p for p in left if p.variants[0].price.currency == chosen.currency] if chosen.priced else not left
        return
    same = [product for product in left if product.variants[0].price.currency == page.price.currency]
    bands = Counter(
        band
        for product in same
        for band in {price_band(sold.price.amount) for sold in product.variants if meets(product, sold, free)}
    )
    assert {price_band(found.price_min): found.count for found in page.price.ranges} == dict(bands)


# Each example fills an index.
@settings(
    max_examples=settings().max_examples // 5, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.lists(products, min_size=3, max_size=12), st.lists(selections(), min_size=2, max_size=5))
def test_every_count_is_what_counting_by_hand_gives(drawn: list[tuple], chosen: list[Selection]) -> None:
    sold = [made(each) for each in drawn]

    async def compare() -> None:
        shop = Shop(MemorySearchIndex())
        await shop.sell(*sold)
        for selection in chosen:
            check(sold, selection, await shop.find(selection=selection, facets=NAMES))
        lamps = [product for product in sold if "lamp" in (product.name, product.categories[-1].slug[:4])]
        check(lamps, chosen[0], await shop.find("lamp", selection=chosen[0], facets=NAMES))
        await shop.index.close()

    asyncio.run(compare())


# ---- in words


async def test_red_and_medium_must_be_one_variant(quick_shop: Shop) -> None:
    await quick_shop.sell(
        document("Shirt A", variant("1", colour="Red", size="S"), variant("2", colour="Blue", size="M")),
        document("Shirt B", variant("3", colour="Red", size="M", available=0), variant("4", colour="Red", size="S")),
        document("Shirt C", variant("5", colour="Red", size="M")),
    )
    red_medium = Selection(properties={"colour": ("red",), "size": ("m",)})
    assert sorted(await quick_shop.names("shirt", selection=red_medium)) == ["Shirt B", "Shirt C"]
    in_stock = msgspec.structs.replace(red_medium, in_stock=True)
    assert await quick_shop.names("shirt", selection=in_stock) == ["Shirt C"]


async def test_the_price_is_that_of_the_variant(quick_shop: Shop) -> None:
    await quick_shop.sell(
        document("Drive", variant("1", 50_00, size="1 TB"), variant("2", 90_00, size="2 TB")),
    )
    cheap = {"price_max": 60_00, "currency": "USD"}
    assert await quick_shop.names("", selection=Selection(properties={"size": ("1 tb",)}, **cheap)) == ["Drive"]
    assert await quick_shop.names("", selection=Selection(properties={"size": ("2 tb",)}, **cheap)) == []


async def test_a_choice_does_not_narrow_its_own_facet(quick_shop: Shop) -> None:
    light = [document(f"Light {n}", variant("x", colour="Light Blue")) for n in range(18)]
    await quick_shop.sell(*light, document("Dark", variant("y", colour="Blue"), variant("z", colour="Light Blue")))
    page = await quick_shop.find(selection=Selection(properties={"colour": ("blue",)}), facets=("attr.colour",))
    counts = {value.value: (value.count, value.selected) for value in page.facets[0].values}
    assert counts == {"Light Blue": (19, False), "Blue": (1, True)}


async def test_a_chosen_value_without_results_stays_visible(quick_shop: Shop) -> None:
    await quick_shop.sell(document("Lamp", brand="Acme"))
    page = await quick_shop.find("lamp", selection=Selection(brands=("nobody",)))
    brand = next(facet for facet in page.facets if facet.name == "brand")
    assert [(value.value, value.count) for value in brand.values] == [("acme", 1), ("nobody", 0)]


async def test_properties_worth_choosing_are_offered(quick_shop: Shop) -> None:
    await quick_shop.sell(
        *(document(f"Lamp {n}", attributes={"Material": ("Steel", "Wood")[n % 2], "width": n}) for n in range(4)),
        document("Odd lamp", attributes={"Rare": "Yes!"}),
    )
    names = [facet.name for facet in (await quick_shop.find("lamp")).facets]
    assert "attr.material" in names
    assert "attr.width" not in names
    by_width = Selection(properties={"width": ("3",)})
    assert await quick_shop.names("lamp", selection=by_width) == ["Lamp 3"]


async def test_categories_tell_their_place_in_the_tree(quick_shop: Shop) -> None:
    await quick_shop.sell(document("Lamp"))
    page = await quick_shop.find("lamp", facets=("category",))
    assert {(value.value, value.parent, value.label) for value in page.facets[0].values} == {
        ("home", None, "Home"),
        ("lamps", "home", "Lamps"),
    }


async def test_too_many_combinations_are_refused(quick_shop: Shop) -> None:
    await quick_shop.sell(document("Lamp", variant("1", **dict.fromkeys("abcde", "x"))))
    values = tuple(str(n) for n in range(20))
    with pytest.raises(TooManyFilters):
        await quick_shop.find(selection=Selection(properties=dict.fromkeys("abc", values)))
    with pytest.raises(TooManyFilters):
        await quick_shop.find(selection=Selection(properties=dict.fromkeys("abcde", ("x",))))
