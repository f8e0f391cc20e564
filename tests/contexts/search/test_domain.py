"""Tokens, spelling, synonyms and what a query means, without an engine."""

from collections.abc import Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.contexts.search.domain.analysis import analyse, code, fold, split_words, stem, tokens
from merx.contexts.search.domain.documents import combination, property_name, value_text
from merx.contexts.search.domain.facets import PRICE_BOUNDS, Selection, TooManyFilters, band_range, price_band
from merx.contexts.search.domain.query import MAX_CORRECTED, Query, second_guesses, understand
from merx.contexts.search.domain.spelling import MAX_DISTANCES, Vocabulary, distance
from merx.contexts.search.domain.synonyms import DEFAULT_SYNONYMS, read_synonyms
from tests.support.calls import calls_of


class Words:
    """A lexicon in a dictionary."""

    def __init__(self, *words: str, codes: tuple[str, ...] = ()) -> None:
        self._vocabulary = Vocabulary((word, 10) for word in words)
        self._tokens = {token for word in words for token in tokens(word)}
        self._codes = codes

    def frequency(self, token: str) -> int:
        return 10 if token in self._tokens else 0

    def has_code(self, code: str) -> bool:
        return code in self._codes

    def vocabulary(self) -> Vocabulary:
        return self._vocabulary


NONE = read_synonyms(())


def near(word: str, words: Mapping[str, int]) -> list[str]:
    return list(Vocabulary(words.items()).near(word))


def forms(query: Query) -> list[set[tuple[str, ...]]]:
    return [{way.tokens for way in concept.alternatives} for concept in query.concepts]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Women's Running Shoes", ["woman", "running", "shoe"]),
        ("Crème Brûlée", ["creme", "brulee"]),
        ("T-Shirts", ["tshirt"]),
        ("mid-rise jeans", ["mid", "rise", "midrise", "jean"]),
        ("U.S. Polo", ["us", "polo"]),
        ("batteries, hoodies & dresses", ["battery", "hoody", "dress"]),
        ("glass", ["glass"]),
        ("कुर्ता सेट", ["कुर्ता", "सेट"]),
        ("", []),
        ("—…!", []),
    ],
)
def test_tokens(text: str, found: list[str]) -> None:
    assert tokens(text) == found


@given(st.text(max_size=200))
def test_any_text_can_be_analysed(text: str) -> None:
    found = analyse(text)
    assert all(token and " " not in token for token in found.tokens)
    assert list(found.tokens) == tokens(text)
    assert all(word == fold(word) for word in split_words(text))


@given(st.text(alphabet="abcdefgsiey", min_size=1, max_size=12))
def test_a_plural_and_its_singular_meet(word: str) -> None:
    assert stem(stem(word)) == stem(word) or stem(word).endswith("s")


@pytest.mark.parametrize(
    ("text", "found"),
    [("MM-128 Beet Red", "mm128beetred"), ("0065030793261", "65030793261"), ("00-7", "007"), ("", "")],
)
def test_codes_have_no_punctuation(text: str, found: str) -> None:
    assert code(text) == found


@given(st.text(alphabet="abcd", max_size=7), st.text(alphabet="abcd", max_size=7))
def test_distance_is_symmetric_and_bounded(left: str, right: str) -> None:
    assert distance(left, right, 3) == distance(right, left, 3)
    assert (distance(left, right, 10) == 0) == (left == right)
    assert distance(left, right, 10) <= max(len(left), len(right))


@pytest.mark.parametrize("typed", ["shrits", "shits", "shirrts", "shirtz", "zshirts", "shirt"])
def test_one_edit_is_found(typed: str) -> None:
    assert near(typed, {"shirts": 5, "lamps": 9}) == ["shirts"]


def test_two_edits_only_for_long_words_without_a_nearer_one() -> None:
    assert near("hedphonse", {"headphones": 3}) == ["headphones"]
    assert near("shrtz", {"shirts": 3}) == []
    assert near("headphonez", {"headphones": 1, "headphane": 99}) == ["headphones"]


def test_short_words_and_numbers_are_right_as_they_are() -> None:
    assert near("tvv", {"tv": 9}) == []
    assert near("1234", {"1235": 9}) == []


def test_frequent_words_are_likelier() -> None:
    assert near("shoas", {"shoes": 9, "shoal": 2}) == ["shoes", "shoal"]


def test_the_first_letter_may_be_wrong_once() -> None:
    assert near("jhirt", {"shirt": 1}) == ["shirt"]
    assert near("jeadphonez", {"headphones": 1}) == []


def test_very_long_words_are_not_corrected() -> None:
    assert near("x" * 24, {"x" * 23: 1}) == ["x" * 23]
    assert near("x" * 25, {"x" * 24: 1}) == []


@given(st.text("abcd", min_size=6, max_size=8), st.sets(st.text("abcd", min_size=4, max_size=10), max_size=50))
def test_words_two_edits_away_are_those_that_a_look_at_all_words_finds(tail: str, tails: set[str]) -> None:
    word, words = f"a{tail}", {f"a{other}": len(other) for other in tails}
    far = {other: distance(word, other, 2) for other in words if other != word}
    expected = {other for other in far if far[other] == 1} or {other for other in far if far[other] == 2}
    found = near(word, words)
    assert set(found) <= expected
    assert len(found) == min(len(expected), 5)


def test_a_hostile_query_costs_no_more_than_a_few_corrections() -> None:
    letters = Random(1)
    # Thousands of words of the same few letters: nothing but the bound keeps their distances from being computed.
    sold = Words(*{"s" + "".join(letters.choices("aeiort", k=9)) for _ in range(5000)})
    hostile = " ".join("s" + "".join(letters.sample("aaeeiioorrtt", k=9)) + letters.choice("xyz") for _ in range(12))
    with calls_of(distance) as distances:
        query = understand(hostile, sold, NONE)
        assert MAX_DISTANCES <= distances.count <= MAX_CORRECTED * MAX_DISTANCES
        second_guesses(query, sold, NONE)
        assert distances.count <= 2 * MAX_CORRECTED * MAX_DISTANCES
    with calls_of(distance) as distances:
        assert understand(hostile, sold, NONE) == query
        assert distances.count == 0, "unknown words are remembered"
        understand("-".join(hostile.split()), sold, NONE)
        assert distances.count == 0, "parts of a compound are words"


def test_only_the_first_unknown_words_are_corrected() -> None:
    query = understand("shrit trosers jakcet swaeter", Words("shirt", "trousers", "jacket", "sweater"), NONE)
    assert query.corrected == "shirt trousers jacket"
    assert query.ignored == ("swaeter",)


def test_synonyms_are_two_way_or_one_way() -> None:
    found = read_synonyms(["trousers, pants", "", "sneakers => sports shoes"])
    assert found.of(["trouser"]) == (("pant",),)
    assert found.of(["pant"]) == (("trouser",),)
    assert found.of(["sneaker"]) == (("sport", "shoe"),)
    assert found.of(["sport", "shoe"]) == ()
    assert found.longest == 1


def test_all_words_count_and_stop_words_only_help() -> None:
    query = understand("shoes for women", Words("shoes", "women", "for"), NONE)
    assert [(concept.words, concept.optional) for concept in query.concepts] == [
        (("shoes",), False),
        (("for",), True),
        (("women",), False),
    ]
    assert query.required == 2


def test_a_query_of_stop_words_alone_is_a_query() -> None:
    assert understand("and", Words("and"), NONE).required == 1


def test_unknown_words_are_corrected_and_told() -> None:
    query = understand("blue shrit", Words("blue", "shirt"), NONE)
    assert query.corrected == "blue shirt"
    assert forms(query) == [{("blue",)}, {("shirt",)}]


def test_known_words_are_never_corrected() -> None:
    assert understand("shrit", Words("shrit", "shirt"), NONE).corrected is None


def test_words_that_mean_nothing_are_left_out_and_told() -> None:
    query = understand("blue xqzvwk", Words("blue"), NONE)
    assert query.ignored == ("xqzvwk",)
    assert forms(query) == [{("blue",)}]


def test_nothing_known_finds_nothing_rather_than_everything() -> None:
    query = understand("xqzvwk", Words("blue"), NONE)
    assert forms(query) == [{("xqzvwk",)}]
    assert query.corrected is None


def test_a_compound_is_found_however_it_is_written() -> None:
    sold = Words("tshirt", "shirt", "mid-rise")
    assert forms(understand("t-shirts", sold, NONE)) == [{("tshirt",)}]
    assert forms(understand("t shirts", sold, NONE)) == [{("tshirt",)}]
    assert forms(understand("mid rise", sold, NONE)) == [{("mid", "rise"), ("midrise",)}]


def test_two_words_written_as_one() -> None:
    query = understand("nightsuit", Words("night", "suit"), NONE)
    assert forms(query) == [{("night", "suit"), ("nightsuit",)}]


def test_synonyms_of_phrases() -> None:
    query = understand("track pants", Words("track", "pants", "joggers"), DEFAULT_SYNONYMS)
    assert ("jogger",) in forms(query)[0]
    assert len(query.concepts) == 1


def test_the_whole_query_may_be_an_identifier() -> None:
    sold = Words("beet", codes=("mm128beet",))
    assert understand("MM 128-Beet", sold, NONE).code == "mm128beet"
    assert understand("beet", sold, NONE).code == ""


def test_second_guesses_replace_rare_words() -> None:
    class Rare(Words):
        def frequency(self, token: str) -> int:
            return 1 if token == "pat" else 10

    sold = Rare("lounge", "pats", "pants")
    query = understand("lounge pats", sold, NONE)
    assert [guess.corrected for guess in second_guesses(query, sold, NONE)] == ["lounge pants"]


@given(st.text(max_size=300))
def test_any_query_can_be_understood(text: str) -> None:
    query = understand(text, Words("blue", "shirt", codes=("a1",)), DEFAULT_SYNONYMS)
    assert len(query.concepts) <= 12
    second_guesses(query, Words("blue"), DEFAULT_SYNONYMS)


@given(st.integers(min_value=0, max_value=10**15))
def test_every_amount_is_in_its_band(amount: int) -> None:
    low, high = band_range(price_band(amount))
    assert low <= amount <= high


def test_price_bounds_rise() -> None:
    assert list(PRICE_BOUNDS) == sorted(set(PRICE_BOUNDS))


def test_properties_are_one_however_they_are_written() -> None:
    assert property_name("Sleeve Length") == property_name("sleeve_length") == "sleeve_length"
    assert combination({"Size": "M", "Colour": "Red"}) == (("colour", "red"), ("size", "m"))
    assert [value_text(value) for value in (True, 5.0, 5.5, "x")] == ["Yes", "5", "5.5", "x"]


def test_a_selection_is_bounded() -> None:
    with pytest.raises(TooManyFilters):
        Selection(brands=tuple(f"b{n}" for n in range(21)))
    with pytest.raises(TooManyFilters):
        Selection(properties={f"p{n}": ("x",) for n in range(11)})
