"""What stands on a parcel, in the order of its country."""

import re
import unicodedata

from merx.kernel.address import Address

_PIECES = re.compile("(%[A-Z])")
_FIELDS = {"%N": "name", "%A": "street_address", "%C": "city", "%S": "country_area", "%Z": "postal_code"}
# The sign of a Japanese postal code stays behind where there is none.
_NOTHING = frozenset({"", "〒"})


class Label:
    """`own` and `latin` are formats of Google's address forms, such as `%N%n%A%n%C %Z`.

    `latin` is for addresses in Latin letters: those of China and Japan then go from small to large. `upper` are the
    fields that the post wants in capitals, by their names there.
    """

    def __init__(self, own: str, latin: str, country: str, upper: frozenset[str] = frozenset()) -> None:
        self._own, self._latin = _lines_of(own), [_apart(line) for line in _lines_of(latin)]
        self._country = country
        self._upper = upper

    def lines(self, address: Address) -> list[str]:
        form = self._latin if _is_latin(address.line1 + address.line2 + address.city) else self._own
        if not any("%C" in line for line in form):
            form = self._with_city(form, address)
        parts = {
            "%N": address.name,
            "%A": "\n".join(line for line in (address.line1, address.line2) if line),
            "%C": address.city,
            "%S": address.region,
            "%Z": address.postal_code,
        }
        written = "\n".join("".join(self._piece(piece, parts) for piece in _PIECES.split(line)) for line in form)
        lines = [line.strip(" ,-") for line in written.split("\n")]
        return [*(line for line in lines if line not in _NOTHING), self._country]

    def _with_city(self, form: list[str], address: Address) -> list[str]:
        """Where Google's forms ask for no city, people give one all the same: a part of the country or of its region.

        It stands beside the street, on the side of what is larger, unless the label says it anyway.
        """
        pieces = [piece.strip(" ,〒") for line in form for piece in _PIECES.split(line)]
        said = {address.region if piece == "%S" else piece for piece in pieces} | {self._country}
        if address.city.casefold() in {each.casefold() for each in said}:
            return form
        street = next(n for n, line in enumerate(form) if "%A" in line)
        small_to_large = any("%N" in line for line in form[:street])
        if small_to_large and form[street] != "%A":
            # `1-2-3 Street, TOKYO`: the city has its place between the two.
            larger = form[street].removeprefix("%A").lstrip(" ,")
            return [*form[:street], "%A", f"%C, {larger}", *form[street + 1 :]]
        at = street + 1 if small_to_large else street
        return [*form[:at], "%C", *form[at:]]

    def _piece(self, piece: str, parts: dict[str, str]) -> str:
        text = parts.get(piece, "") if piece.startswith("%") else piece
        return text.upper() if _FIELDS.get(piece) in self._upper else text


def _lines_of(form: str) -> list[str]:
    return form.split("%n")


def _apart(line: str) -> str:
    """Latin words need a space between them, which formats for other letters do without."""
    return re.sub(r"(%[A-Z])(?=%[A-Z])", r"\1 ", line)


def _is_latin(text: str) -> bool:
    letters = (letter for letter in unicodedata.normalize("NFKC", text) if letter.isalpha())
    return all(unicodedata.name(letter, "").startswith("LATIN ") for letter in letters)
