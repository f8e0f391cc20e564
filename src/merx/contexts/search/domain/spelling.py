"""What a misspelt word may have meant. Only words that the shop really has are proposed."""

from collections.abc import Iterator, Mapping

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST = 4
_SHORTEST_FOR_TWO = 7


def is_correctable(word: str) -> bool:
    """Numbers and codes are right or wrong, and nothing near them is meant."""
    return word.isascii() and not any(map(str.isdigit, word))


def candidates(word: str, vocabulary: Mapping[str, int], limit: int = 5) -> list[str]:
    """Words of the vocabulary one edit away, the most frequent first; two edits away only for long words without any.

    `vocabulary` maps a word to the number of documents that have it. Words under four letters are never corrected:
    nearly everything is one edit away from them.
    """
    if len(word) < _SHORTEST or not is_correctable(word):
        return []
    near = {found for found in _one_edit(word) if found in vocabulary}
    if not near and len(word) >= _SHORTEST_FOR_TWO:
        near = set(_two_edits(word, vocabulary))
    near.discard(word)
    return sorted(near, key=lambda found: (-vocabulary[found], found))[:limit]


def _one_edit(word: str) -> Iterator[str]:
    for position in range(len(word) + 1):
        head, tail = word[:position], word[position:]
        if tail:
            yield head + tail[1:]
            for letter in _LETTERS:
                yield head + letter + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in _LETTERS:
            yield head + letter + tail


def _two_edits(word: str, vocabulary: Mapping[str, int]) -> Iterator[str]:
    """By looking at the vocabulary: trying every pair of edits would be half a million look-ups.

    The first letter must be right, as it is in nine of ten typing errors.
    """
    length, first = len(word), word[0]
    for other in vocabulary:
        if other[0] == first and abs(len(other) - length) <= 2 and distance(word, other, 2) <= 2:
            yield other


def distance(left: str, right: str, most: int) -> int:
    """Edits from one word to the other, a swap of neighbours counting as one; `most + 1` when there are more."""
    if abs(len(left) - len(right)) > most:
        return most + 1
    before: list[int] = []
    previous = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        current = [i]
        for j, b in enumerate(right, 1):
            cost = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            current.append(cost)
        if min(current) > most:
            return most + 1
        before, previous = previous, current
    return min(previous[-1], most + 1)
