"""Rules of products and of the tree, without any storage."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.contexts.catalog.domain.errors import (
    NotArchived,
    NotPublishable,
    SameOptions,
    TooManyVariants,
    UnknownVariant,
)
from merx.contexts.catalog.domain.product import MAX_VARIANTS, Product, ProductStatus, Variant, readings
from merx.contexts.catalog.domain.taxonomy import Category, Crumb, category_slugs, name_slugs
from merx.contexts.catalog.ports.keys import id_or_slug, name_key
from merx.kernel.ids import new_id
from merx.kernel.money import Money

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def a_variant(amount: int = 100, *, active: bool = True, **options: str) -> Variant:
    return Variant(id=new_id(), sku=new_id().hex, price=Money(amount, "USD"), options=options, active=active)


def a_product(*variants: Variant, status: ProductStatus = ProductStatus.draft) -> Product:
    return Product(
        id=new_id(), slug="x", name="X", created_at=NOW, updated_at=NOW, variants=list(variants), status=status
    )


class TestVariants:
    def test_no_two_with_the_same_options_in_any_order(self):
        with pytest.raises(SameOptions):
            a_product(a_variant(colour="red", size="M"), a_variant(size="M", colour="red")).check()

    def test_options_that_differ_are_fine(self):
        a_product(a_variant(colour="red"), a_variant(colour="blue"), a_variant(size="M")).check()

    def test_one_that_is_not_sold_any_more_may_have_had_the_same(self):
        a_product(a_variant(colour="red"), a_variant(colour="red", active=False)).check()

    def test_there_is_an_end_to_them(self):
        with pytest.raises(TooManyVariants):
            a_product(*(a_variant(n=str(number)) for number in range(MAX_VARIANTS + 1))).check()

    def test_an_unknown_one(self):
        with pytest.raises(UnknownVariant):
            a_product(a_variant()).variant(new_id())


class TestStates:
    def test_publishing_needs_something_to_sell(self):
        for product in (a_product(), a_product(a_variant(active=False)), a_product(a_variant(0))):
            with pytest.raises(NotPublishable):
                product.publish(NOW)
            assert product.status is ProductStatus.draft

    def test_the_way_through_the_states(self):
        product = a_product(a_variant())
        product.publish(NOW)
        product.archive(NOW)
        with pytest.raises(NotPublishable):
            product.publish(NOW)
        product.restore(NOW)
        assert product.status is ProductStatus.draft
        product.publish(NOW)
        assert product.status is ProductStatus.active

    @pytest.mark.parametrize("status", [ProductStatus.draft, ProductStatus.active])
    def test_only_what_is_in_the_archive_comes_back(self, status):
        with pytest.raises(NotArchived):
            a_product(a_variant(), status=status).restore(NOW)


class TestTree:
    def test_a_trail_ends_with_the_category_itself(self):
        root = Category(id=new_id(), slug="a", name="A")
        root.place([])
        below = Category(id=new_id(), slug="b", name="B")
        below.place(root.trail)
        assert [crumb.slug for crumb in below.trail] == ["a", "b"]
        assert below.parent_id == root.id
        assert below.is_below(root.id)
        assert below.is_below(below.id)
        assert not root.is_below(below.id)


class TestSlugs:
    def test_a_taken_slug_gets_the_name_of_the_parent_then_something_of_its_own(self):
        id = UUID(int=0xABCD)
        parents = [Crumb(new_id(), "men", "Men")]
        assert category_slugs("Shoes", id, parents) == ("shoes", "men-shoes", "shoes-0000abcd")
        assert category_slugs("Shoes", id, [])[1] == "shoes-0000abcd"

    @given(st.text(max_size=300), st.text(max_size=50))
    def test_whatever_the_name_every_proposal_is_a_slug(self, name, parent):
        id = new_id()
        above = [Crumb(new_id(), name_slugs(parent, new_id())[0], parent)]
        for slug in (*name_slugs(name, id), *category_slugs(name, id, above)):
            assert id_or_slug(slug) is not None
        first, other = name_slugs(name, id)
        assert first != other


class TestKeys:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("desk-lamp", "desk-lamp"),
            ("01980000-0000-7000-8000-000000000001", UUID("01980000-0000-7000-8000-000000000001")),
            ("01980000-0000-7000-8000-00000000000A", UUID("01980000-0000-7000-8000-00000000000a")),
            ("Desk", None),
            ("", None),
            ("a--b", None),
            ("a'b", None),
            ("x" * 201, None),
            ("lamp\n", None),
        ],
    )
    def test_what_can_be_asked_for(self, text, found):
        assert id_or_slug(text) == found

    def test_names_are_sorted_regardless_of_ascii_case(self):
        assert name_key("Ärmel LAMPE") == "Ärmel lampe"
        assert len(name_key("x" * 300)) == 60


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("red", ["red"]),
        ("2", ["2", 2]),
        ("-2.50", ["-2.50", -2.5]),
        ("true", ["true", True]),
        ("1e5", ["1e5"]),
        ("9" * 40, ["9" * 40]),
        ("٣", ["٣"]),
    ],
)
def test_what_a_filter_may_mean(text, meant):
    assert readings(text) == meant
