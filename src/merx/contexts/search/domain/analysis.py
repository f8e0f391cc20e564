"""Text to tokens: the one analyser of the shop. Every engine indexes these tokens as they are, so all rank alike.

It knows products rather than prose: it folds accents, takes off plurals and possessives and nothing more (a full
stemmer makes "generic" and "general" one word and gained nothing on real queries), and gives a compound all its forms,
so that `t-shirt`, `t shirt` and `tshirt` meet.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

import msgspec

# Letters and digits of any script; the vowel signs of Indic scripts are no letters to Python but part of the word.
_SIGN = r"(?:[^\W_]|[\u0900-\u0dff])"
_WORD = re.compile(rf"{_SIGN}+(?:['.\-/+&]{_SIGN}+)*")
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:['.\-/+&][a-z0-9]+)*")
_JOINT = re.compile(r"[.\-/+&]")
_COMBINING = re.compile("[\u0300-\u036f]")
_NO_CODE = re.compile(r"[\W_]+")
_MAX_TOKEN = 60

_IRREGULAR = {
    "women": "woman",
    "men": "man",
    "womens": "woman",
    "mens": "man",
    "children": "child",
    "childrens": "child",
    "feet": "foot",
    "mice": "mouse",
    "teeth": "tooth",
    "knives": "knife",
    "shelves": "shelf",
    "scarves": "scarf",
    "shoes": "shoe",
    "lens": "lens",
    "lenses": "lens",
}


def fold(text: str) -> str:
    """Lower case without accents, for comparing."""
    text = text.lower()
    return text if text.isascii() else _COMBINING.sub("", unicodedata.normalize("NFKD", text)).lower()


def split_words(text: str) -> list[str]:
    """Folded words in order; compounds such as `v-neck` stay whole, a possessive `'s` is gone."""
    text = fold(text)
    if not text.isascii():
        text = text.replace("’", "'")
        words = _WORD.findall(text)
    else:
        words = _ASCII_WORD.findall(text)
    return [word.removesuffix("'s").replace("'", "") for word in words] if "'" in text else words


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """Without its plural."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ie") and len(word) > 4:
        return word[:-2] + "y"
    if len(word) <= 3 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1]


def parts_of(word: str) -> list[str]:
    """The simple words of a compound; the word itself when it is simple."""
    if word.isalnum():
        return [word]
    return [part for part in _JOINT.split(word) if part]


def has_initial(parts: Sequence[str]) -> bool:
    """`t-shirt`, `v-neck`: one word, whose parts alone would say something else (a T-shirt is no shirt)."""
    return len(parts) == 2 and len(parts[0]) == 1 and parts[0].isalpha()


@lru_cache(maxsize=65_536)
def tokens_of(word: str) -> tuple[str, ...]:
    """What a word of a document is found by: the tokens of its parts and, for a compound, that of the joined form."""
    parts = parts_of(word)
    joined = stem("".join(parts))[:_MAX_TOKEN]
    if len(parts) == 1 or has_initial(parts):
        return (joined,)
    return (*(stem(part)[:_MAX_TOKEN] for part in parts), joined)


def tokens(text: str) -> list[str]:
    """All tokens of a text of a document, in order."""
    return list(chain.from_iterable(map(tokens_of, split_words(text))))


class Analysed(msgspec.Struct, frozen=True):
    """`words` are the simple words as people write them, for correcting and completing what they type."""

    tokens: tuple[str, ...]
    words: tuple[str, ...]


def analyse(text: str) -> Analysed:
    words = split_words(text)
    return Analysed(
        tuple(chain.from_iterable(map(tokens_of, words))), tuple(chain.from_iterable(map(_simple_words, words)))
    )


@lru_cache(maxsize=65_536)
def _simple_words(word: str) -> tuple[str, ...]:
    parts = parts_of(word)
    forms = parts if len(parts) == 1 else [*parts, "".join(parts)]
    return tuple(form for form in forms if len(form) <= _MAX_TOKEN)


# Brands, categories and values of attributes: some thousands in a catalogue of a hundred thousand products.
analyse_often = lru_cache(maxsize=32_768)(analyse)


def code(text: str) -> str:
    """An identifier without punctuation: `MM-128 Beet` and `mm128beet` are one. Leading zeros of a number go (GTIN)."""
    bare = _NO_CODE.sub("", fold(text))[:_MAX_TOKEN]
    return bare.lstrip("0") if len(bare) >= 8 and bare.isdigit() else bare
