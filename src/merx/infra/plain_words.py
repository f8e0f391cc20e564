"""What is wrong with a value, in words for people: the decoder speaks of types and patterns, callers of JSON."""

import re
from ast import literal_eval

from merx.kernel.text import LINE

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}
_GIVEN = {"float": "a fraction"}
_BOUNDS = {">=": "must be {} or more", "<=": "must be {} or less", ">": "must be more than {}", "<": "must be below {}"}
_LENGTHS = {">=": "at least", "<=": "at most"}
_UNITS = {"str": "characters", "array": "entries", "object": "fields"}

_OTHERS = {
    "Invalid UUID": "must be a UUID",
    "Invalid RFC3339 encoded date": "must be a day such as 2031-01-31",
    "Invalid RFC3339 encoded datetime": "must be a time such as 2031-01-31T12:00:00Z",
}

# Of every form that some input has: tests compare the OpenAPI document with this.
FORMS = {
    LINE: "one line of text that shows something",
    r"^[^\x00-\x1f\x7f]*\Z": "one line of text",
    r"^[^\x00]*\Z": "text without NUL",
    r"^[^\x00]+\Z": "text without NUL",
    r"^[\x20-\x7e]*\Z": "printable ASCII characters",
    r"^[\x21-\x7e]+\Z": "printable ASCII characters without blanks",
    r"^[\x21-\x7e]+( [\x21-\x7e]+)*\Z": "printable ASCII characters with single blanks between",
    r"^[A-Z]{2}\Z": "a country such as US (ISO 3166-1, in capitals)",
    r"^[A-Z]{3}\Z": "a currency such as USD (ISO 4217, in capitals)",
    r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?\Z": "a language tag such as en-IN (BCP 47)",
    r"^[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189}\Z": "an e-mail address such as ada@example.com",
    r"^\s*[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189}\s*\Z": "an e-mail address such as ada@example.com",
    r"^[+0-9 ()-]*\Z": "a telephone number of digits, blanks, +, ( ) and -",
    r"^(\+[0-9 ().-]{7,31})?\Z": "a telephone number with its country, such as +14155550100",
    r"^[A-Za-z0-9 -]*\Z": "a postal code of letters, digits, blanks and hyphens",
    r"^[A-Za-z0-9 -]+\Z": "the beginning of a postal code",
    r"^[a-z0-9]+(-[a-z0-9]+)*\Z": "lower case letters and digits with single hyphens between, such as wool-socks",
    r"^[a-z0-9_]{1,40}\Z": "a name of lower case letters, digits and _, such as cod",
    r"^[a-z-]+\Z": "a name of lower case letters and hyphens",
    r"^[a-z-]+(\.[a-z-]+)?\Z": "an action such as catalog.product-edited, or catalog for all of it",
    r"^[0-9]{8,14}\Z": "a barcode of 8 to 14 digits",
    r"^[0-9]{3} ?[0-9]{3}\Z": "the six digits of the app",
    r"^[0-9A-Za-z -]+\Z": "a recovery code such as 7K2M-9QXR-4TBD-WZ31",
    r"^[A-Za-z0-9][A-Za-z0-9 ./#-]{0,63}\Z": "letters, digits, blanks and . / # - , 64 at most",
}


def plainly(message: str) -> str:
    """`Expected `int` >= 1` as `must be 1 or more`. What is not known stays as it is."""
    if found := re.fullmatch(r"Expected `(.+?)`, got `(.+?)`", message):
        return f"must be {_kinds(found[1])}, not {_GIVEN.get(found[2], _kinds(found[2]))}"
    if found := re.fullmatch(r"Expected `.+?` (>=|<=|>|<) (.+)", message):
        return _BOUNDS[found[1]].format(found[2])
    if found := re.fullmatch(r"Expected `(\w+).*?` of length (>=|<=) (\d+)", message):
        if (found[2], found[3]) == (">=", "1"):
            return "must not be empty"
        return f"must have {_LENGTHS[found[2]]} {found[3]} {_UNITS.get(found[1], 'bytes')}"
    if found := re.fullmatch(r"Expected `.+?` matching regex ('.*'|\".*\")", message, re.DOTALL):
        pattern = literal_eval(found[1])
        return f"must be {FORMS[pattern]}" if pattern in FORMS else f"does not match {pattern}"
    return _OTHERS.get(message, message)


def among(choices: list[str]) -> str:
    return f"must be one of {', '.join(choices)}"


def _kinds(text: str) -> str:
    return " or ".join(_KINDS.get(kind, kind) for kind in text.split(" | "))
