"""Words of the index: how frequent, how spelt."""

from collections.abc import Mapping

import tantivy

from merx.contexts.search.domain.spelling import is_correctable


class TantivyLexicon:
    """Looks into one state of the index; the vocabulary may be some seconds older."""

    def __init__(self, searcher: tantivy.Searcher, vocabulary: Mapping[str, int]) -> None:
        self._searcher = searcher
        self._vocabulary = vocabulary

    def frequency(self, token: str) -> int:
        return self._searcher.doc_freq("any", token)

    def has_code(self, code: str) -> bool:
        return bool(code) and self._searcher.doc_freq("code", code) > 0

    def vocabulary(self) -> Mapping[str, int]:
        return self._vocabulary


def read_vocabulary(searcher: tantivy.Searcher) -> dict[str, int]:
    return {word: count for word, count in searcher.terms_with_prefix("word", "") if is_correctable(word)}
