"""Order numbers that people can read out and that tell nobody how many orders a shop has."""

from merx.kernel.ids import new_id

# Crockford's base 32 without letters that look or sound alike; no vowels, so no words.
_ALPHABET = "23456789BCDFGHJKMNPQRSTVWXYZ"
_LENGTH = 10


def new_number() -> str:
    """Such as `4K7M-2QXDB-9`. 28^10 numbers: two alike are refused by the database and drawn again."""
    # What is random in an id.
    drawn = new_id().int % 2**62
    text = ""
    for _ in range(_LENGTH):
        drawn, letter = divmod(drawn, len(_ALPHABET))
        text += _ALPHABET[letter]
    return f"{text[:4]}-{text[4:9]}-{text[9]}"
