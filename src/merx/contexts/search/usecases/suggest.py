"""What somebody who has begun to type may want."""

from dataclasses import dataclass

from merx.contexts.search.domain.analysis import parts_of, split_words
from merx.contexts.search.domain.query import MAX_WORDS
from merx.contexts.search.ports.index import SearchIndex, Suggested

_NOTHING = Suggested(products=[], categories=[], brands=[])


@dataclass(frozen=True, slots=True)
class SuggestHandler:
    """The last word is a beginning, the ones before are complete. Raises Unavailable."""

    index: SearchIndex

    async def __call__(self, text: str, limit: int) -> Suggested:
        words = [part for word in split_words(text)[:MAX_WORDS] for part in parts_of(word)]
        return await self.index.suggest(words, limit) if words else _NOTHING
