"""What a misspelt word may have meant. Only words that the shop really has are proposed."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from heapq import nlargest

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SHORTEST = 4
_SHORTEST_FOR_TWO = 7
_LONGEST = 24
_MOST = 5
# Beyond them only the rarest words are missed, and a word made to be near everything costs no more than this.
MAX_DISTANCES = 60
_REMEMBERED = 1024


def is_correctable(word: str) -> bool:
    """Numbers and codes are right or wrong, and nothing near them is meant. Nor is a word of 25 letters a slip."""
    return _SHORTEST <= len(word) <= _LONGEST and is_spelt(word)


def is_spelt(word: str) -> bool:
    return word.isascii() and word.isalpha()


class Vocabulary:
    """The words of a shop, arranged for finding near ones.

    A shopper waits for it, whatever was typed: the work for a word is bounded however many words there are, and what
    was found for the last thousand words is remembered.
    """

    def __init__(self, words: Iterable[tuple[str, int]] = ()) -> None:
        """`words` with the number of documents that have each."""
        self._frequency: dict[str, int] = {}
        self._alike: dict[tuple[str, int], list[tuple[str, int]]] = {}
        for word, count in words:
            self._frequency[word] = count
            self._alike.setdefault((word[0], len(word)), []).append((word, _letters(word)))
        self.near = lru_cache(_REMEMBERED)(self._near)

    def __len__(self) -> int:
        return len(self._frequency)

    def _near(self, word: str) -> tuple[str, ...]:
        """Words one edit away, the most frequent first; two edits away only for long words without any.

        Words under four letters are never corrected: nearly everything is one edit away from them.
        """
        if not is_correctable(word):
            return ()
        near = {found for found in _one_edit(word) if found in self._frequency}
        if not near and len(word) >= _SHORTEST_FOR_TWO:
            near = {found for found in self._maybe_two_edits(word) if distance(word, found, 2) <= 2}
        near.discard(word)
        return tuple(sorted(near, key=lambda found: (-self._frequency[found], found))[:_MOST])

    def _maybe_two_edits(self, word: str) -> list[str]:
        """By looking at the vocabulary: trying every pair of edits would be half a million look-ups.

        The first letter must be right, as it is in nine of ten typing errors. An edit adds a letter, takes one or does
        both, so the letters of two words tell most of the far ones at a glance.
        """
        letters = _letters(word)
        found: list[str] = []
        for longer in range(-2, 3):
            most = 4 - abs(longer)
            alike = self._alike.get((word[0], len(word) + longer), ())
            found += [other for other, theirs in alike if (letters ^ theirs).bit_count() <= most]
        return found if len(found) <= MAX_DISTANCES else nlargest(MAX_DISTANCES, found, self._frequency.__getitem__)


def _letters(word: str) -> int:
    """One bit for each letter that is there, another for each that is there twice."""
    once = twice = 0
    for letter in word:
        bit = 1 << ord(letter) % 32
        twice |= once & bit
        once |= bit
    return once | twice << 32


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
