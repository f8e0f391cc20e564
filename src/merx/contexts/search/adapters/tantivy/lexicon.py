"""Words of the index: how frequent, how spelt."""

import time
from collections.abc import Iterator
from itertools import product
from string import ascii_lowercase

import tantivy

from merx.contexts.search.domain.spelling import Vocabulary, is_spelt

# A walk through a large dictionary takes some tenths of a second, of which the event loop must have its share.
_AT_A_TIME = 500
_PAUSE = 0.0002


class TantivyLexicon:
    """Looks into one state of the index; the vocabulary may be some seconds older."""

    def __init__(self, searcher: tantivy.Searcher, vocabulary: Vocabulary) -> None:
        self._searcher = searcher
        self._vocabulary = vocabulary

    def frequency(self, token: str) -> int:
        return self._searcher.doc_freq("any", token)

    def has_code(self, code: str) -> bool:
        return bool(code) and self._searcher.doc_freq("code", code) > 0

    def vocabulary(self) -> Vocabulary:
        return self._vocabulary


def read_vocabulary(searcher: tantivy.Searcher) -> Vocabulary:
    """Takes long and pauses often: nothing to call from an event loop."""
    return Vocabulary(_words(searcher))


def _words(searcher: tantivy.Searcher) -> Iterator[tuple[str, int]]:
    """By their first two letters, since the engine lets nobody else run while it looks."""
    since_pause = 0
    for first, second in product(ascii_lowercase, repeat=2):
        found = searcher.terms_with_prefix("word", first + second)
        yield from ((word, count) for word, count in found if is_spelt(word))
        since_pause += len(found)
        if since_pause >= _AT_A_TIME:
            since_pause = 0
            time.sleep(_PAUSE)
