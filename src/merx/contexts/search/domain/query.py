"""What somebody who typed a query wants: concepts that must all be met, each in one of several ways."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from merx.contexts.search.domain.analysis import code, has_initial, parts_of, split_words, stem
from merx.contexts.search.domain.spelling import Vocabulary, is_correctable
from merx.contexts.search.domain.synonyms import Synonyms

MAX_WORDS = 12
# More wrong words than these are no slip of the finger, and each costs the time of a search.
MAX_CORRECTED = 3
_STOP_WORDS = frozenset(
    "a an and are as at be by for from in into is it of on or our that the their this to we with your".split()
)
_SYNONYM_WEIGHT = 0.4
_RARE = 5
_MOST_GUESSES = 6


class Alternative(msgspec.Struct, frozen=True):
    """Tokens that must all be there. `weight` tells a synonym from the word that was typed."""

    tokens: tuple[str, ...]
    weight: float = 1.0


class Concept(msgspec.Struct, frozen=True):
    """One thing asked for. An optional one only moves what has it up: a stop word may be a brand."""

    words: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    optional: bool = False


class Query(msgspec.Struct, frozen=True):
    """`code` is the whole query as an identifier that exists. `corrected` is what was searched for instead."""

    concepts: tuple[Concept, ...] = ()
    code: str = ""
    corrected: str | None = None
    ignored: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.concepts and not self.code

    @property
    def required(self) -> int:
        return sum(not concept.optional for concept in self.concepts)


class Lexicon(Protocol):
    """What the index knows of words, at one moment."""

    def frequency(self, token: str) -> int:
        """Documents with this token in any field."""
        ...

    def has_code(self, code: str) -> bool: ...

    def vocabulary(self) -> Vocabulary:
        """Words of names, brands, categories and attributes as people write them."""
        ...


def understand(text: str, lexicon: Lexicon, synonyms: Synonyms) -> Query:
    """Identifiers first, then words: unknown ones are corrected when something near is sold, else left out and told.

    Only the first few unknown words are corrected; what this costs is bounded for any text.
    """
    speller = _Speller(lexicon)
    whole = code(text)
    identifier = whole if len(whole) >= 3 and any(map(str.isdigit, whole)) and lexicon.has_code(whole) else ""
    typed = split_words(text)[:MAX_WORDS]
    if not typed and (signs := text.strip()):
        # Emoji or dots: nothing is called so, and everything would look like an answer.
        return Query((Concept((signs,), (Alternative((signs,)),)),))
    words: list[str] = []
    ignored: list[str] = []
    for position, word in enumerate(typed):
        # Half of a word that was written apart (`t shirt`) need not be known by itself.
        whole_word = (
            identifier or _joins(typed, position, lexicon) or (position and _joins(typed, position - 1, lexicon))
        )
        better = word if whole_word else speller.known(word)
        if better:
            words.append(better)
        else:
            ignored.append(word)
    if not words and not identifier:
        # Nothing is known: search for it as it is and find nothing, rather than everything.
        words, ignored = typed, []
    corrected = " ".join(words) if words != [word for word in typed if word not in ignored] else None
    return Query(_concepts(words, lexicon, synonyms), identifier, corrected, tuple(ignored))


def second_guesses(query: Query, lexicon: Lexicon, synonyms: Synonyms) -> list[Query]:
    """Other readings of a query that found nothing: each rare word replaced by a near, more frequent one."""
    guesses: list[Query] = []
    words = [word for concept in query.concepts for word in concept.words]
    rare = [
        position
        for position, word in enumerate(words)
        if is_correctable(word) and lexicon.frequency(stem(word)) <= _RARE
    ]
    for position in rare[:MAX_CORRECTED]:
        for better in lexicon.vocabulary().near(words[position])[:3]:
            changed = [*words[:position], better, *words[position + 1 :]]
            guesses.append(Query(_concepts(changed, lexicon, synonyms), "", " ".join(changed), query.ignored))
            if len(guesses) == _MOST_GUESSES:
                return guesses
    return guesses


class _Speller:
    """Reads the unknown words of one query, as many as may be corrected."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._left = MAX_CORRECTED

    def known(self, word: str) -> str:
        """The word itself when the shop has it, else the likeliest word meant, else nothing."""
        frequency = self._lexicon.frequency
        if word in _STOP_WORDS or self._lexicon.has_code(code(word)):
            return word
        parts = parts_of(word)
        if all(frequency(stem(part)) for part in parts) or frequency(stem("".join(parts))):
            return word
        if len(parts) > 1:
            return "-".join(filter(None, map(self.known, parts)))
        if not is_correctable(word) or not self._left:
            return ""
        self._left -= 1
        near = self._lexicon.vocabulary().near(word)
        return near[0] if near else self._two_words(word)

    def _two_words(self, word: str) -> str:
        """`nightsuit` where the shop says `night suit`."""
        splits = [(word[:i], word[i:]) for i in range(3, len(word) - 2)]
        known = [(min(map(self._lexicon.frequency, map(stem, pair))), pair) for pair in splits]
        best = max(known, default=(0, ()))
        return "-".join(best[1]) if best[0] else ""


def _concepts(words: Sequence[str], lexicon: Lexicon, synonyms: Synonyms) -> tuple[Concept, ...]:
    stems = [stem(word) for word in words]
    found: list[Concept] = []
    position = 0
    while position < len(words):
        length = _phrase_length(stems[position:], synonyms)
        if length == 1 and _joins(words, position, lexicon):
            length = 2
        here = tuple(words[position : position + length])
        optional = length == 1 and here[0] in _STOP_WORDS
        found.append(Concept(here, _alternatives(here, lexicon, synonyms), optional))
        position += length
    if all(concept.optional for concept in found):
        return tuple(msgspec.structs.replace(concept, optional=False) for concept in found)
    return tuple(found)


def _phrase_length(stems: Sequence[str], synonyms: Synonyms) -> int:
    for length in range(min(synonyms.longest, len(stems)), 1, -1):
        if synonyms.of(stems[:length]):
            return length
    return 1


def _joins(words: Sequence[str], position: int, lexicon: Lexicon) -> bool:
    pair = words[position : position + 2]
    return (
        len(pair) == 2
        and not any(word in _STOP_WORDS and len(word) > 1 for word in pair)
        and lexicon.frequency(stem("".join(pair))) > 0
    )


def _alternatives(words: tuple[str, ...], lexicon: Lexicon, synonyms: Synonyms) -> tuple[Alternative, ...]:
    parts = [part for word in words for part in parts_of(word)]
    forms = {tuple(map(stem, words)), tuple(map(stem, parts)), (stem("".join(parts)),)}
    found: dict[tuple[str, ...], float] = {(stem("".join(parts)),): 1.0}
    if not (has_initial(parts) and lexicon.frequency(stem("".join(parts)))):
        found[tuple(map(stem, parts))] = 1.0
    for form in forms:
        for other in synonyms.of(form):
            found.setdefault(other, _SYNONYM_WEIGHT)
    if any(map(str.isdigit, words[0])) and lexicon.has_code(code(words[0])):
        found.setdefault((code(words[0]),), 1.0)
    return tuple(Alternative(tokens, weight) for tokens, weight in found.items())
