"""Words that mean the same in a shop. Looked up when a query is read, so a change needs no reindex."""

from collections.abc import Iterable, Sequence

import msgspec

from merx.contexts.search.domain.analysis import split_words, stem

# `a, b` each finds the other; `a => b, c` lets a find b and c as well, but not the other way round.
ENGLISH = """
woman, lady, female
man, gent, male
man => unisex
woman => unisex
boy => kid, child
girl => kid, child
kid, child
tshirt, tee
trouser, pant
track pant, jogger, sweatpant
sweatshirt, hoodie
sweater, pullover, jumper
sunglasses, shades, goggle
handbag, purse
kurta, kurti
nightdress, nightie, nightgown
night suit, pyjama, pajama
flip flop, slipper
sneaker => casual shoe, sports shoe
trainer => sports shoe
running shoe => sports shoe
pump => heel
watch, wristwatch, timepiece
fragrance => perfume, deodorant
perfume, scent, cologne
underwear, innerwear
swimsuit, swimwear
necklace, chain
tie, necktie
scarf, stole
jewelry, jewellery
cap, hat
nail polish, nail varnish, nail paint
grey, gray
navy => navy blue
colour, color
analog, analogue
fiber, fibre
rucksack, backpack
duffle, duffel
notebook, laptop
tv, television
flat screen => lcd, led
mobile, cell, smartphone
phone => smartphone, mobile
cellphone, smartphone
charger, power adapter
headphone, headset
earphone, earbud, headphone
hard drive, hard disk, hdd
ssd, solid state drive
usb stick, memory stick, flash drive, thumb drive, pen drive
mousepad, mouse pad
extension cord, power extension, extension cable
monitor => computer monitor, display
cd drive, dvd drive, optical drive, optical disc drive
wifi, wlan, wireless
power bank, external battery
flashlight, torch
printer ink, ink cartridge
toner, toner cartridge
smartwatch, smart watch
webcam, web camera
graphics card, video card, gpu
cpu, processor
pc => computer, desktop
fridge, refrigerator
"""

_MAX_WORDS = 4


class Synonyms(msgspec.Struct, frozen=True):
    """Stemmed phrases and what else finds the same; `longest` is the length of the longest phrase in words."""

    meanings: dict[tuple[str, ...], tuple[tuple[str, ...], ...]]
    longest: int

    def of(self, phrase: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        return self.meanings.get(tuple(phrase), ())


def read_synonyms(lines: Iterable[str]) -> Synonyms:
    """One set a line; blank lines are skipped. Phrases may have up to four words."""
    found: dict[tuple[str, ...], dict[tuple[str, ...], None]] = {}
    for line in lines:
        if not line.strip():
            continue
        left, arrow, right = line.partition("=>")
        sources, targets = _phrases(left), _phrases(right)
        for source in sources:
            others = targets if arrow else [phrase for phrase in sources if phrase != source]
            found.setdefault(source, {}).update(dict.fromkeys(others))
    return Synonyms({key: tuple(values) for key, values in found.items()}, max(map(len, found), default=0))


def _phrases(text: str) -> list[tuple[str, ...]]:
    phrases = [tuple(map(stem, split_words(part))) for part in text.split(",")]
    return [phrase for phrase in phrases if 0 < len(phrase) <= _MAX_WORDS]


DEFAULT_SYNONYMS = read_synonyms(ENGLISH.splitlines())
