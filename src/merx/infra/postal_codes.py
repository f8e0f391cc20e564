"""Postal codes in the spelling of their country."""

import re
from collections.abc import Iterator

_MARKS = re.compile(r"[ -]+")
_WORD = re.compile(r"([A-Z]{1,8})[ -]?[0-9]")

# Where a separator stands in a code that has none, and which.
_Places = tuple[tuple[int, str], ...]


class PostalCodes:
    """`pattern` fits a code as the country writes it, `examples` are such codes.

    `prefix` is what people write before a code and what does not belong to it, as in `LT-04340`. In other countries it
    does, as in `LV-1073`: their examples show it.
    """

    def __init__(self, country: str, pattern: re.Pattern[str], examples: tuple[str, ...], prefix: str) -> None:
        self.example = next(iter(examples), "")
        self.pattern = pattern
        self._foreign = tuple(each for each in (_bare(prefix), country) if each)
        words = {_WORD.match(each) for each in examples}
        names = {word.group(1) if word else "" for word in words}
        self._own = names.pop() if len(names) == 1 else ""
        self._marked = any(_MARKS.search(each) for each in examples)
        self._places: dict[str | int, _Places] = {}
        for each in examples:
            self._places.setdefault(_shape(_bare(each)), _places(each))
            self._places.setdefault(len(_bare(each)), _places(each))

    def spelled(self, typed: str) -> str | None:
        """The code that was meant, as the country writes it; None when it is no code of the country."""
        bare = _bare(typed)
        forms = (bare, *(bare.removeprefix(each) for each in self._foreign), self._own + bare)
        spellings = (each for form in dict.fromkeys(forms) for each in self._spellings(form))
        return next((each for each in spellings if self.pattern.fullmatch(each)), None)

    def _spellings(self, bare: str) -> Iterator[str]:
        """The likeliest first: as an example of its shape, as one of its length, and then every other."""
        for key in (_shape(bare), len(bare)):
            if key in self._places:
                yield _put(bare, self._places[key])
        marked = [_put(bare, ((at, mark),)) for at in range(1, len(bare)) for mark in "- "]
        yield from (*marked, bare) if self._marked else (bare, *marked)


def _bare(text: str) -> str:
    return _MARKS.sub("", text.upper())


def _shape(bare: str) -> str:
    return "".join("9" if letter.isdigit() else "A" for letter in bare)


def _places(example: str) -> _Places:
    return tuple((mark.start() - n, mark.group()) for n, mark in enumerate(_MARKS.finditer(example)))


def _put(bare: str, places: _Places) -> str:
    for at, mark in reversed(places):
        bare = f"{bare[:at]}{mark}{bare[at:]}"
    return bare
