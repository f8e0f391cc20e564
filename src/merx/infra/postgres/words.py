"""What a column tells of people. Each column of each table says one of these words with `info=`.

A test fails for a column that says none. An export and an erasure are made from the words: docs/privacy.md.
"""

from sqlalchemy import Column

# Says nothing about a person.
PLAIN = {"tells": "plain"}
# Leads to a person through another row, and names nobody once that one is erased.
IDENTIFIER = {"tells": "identifier"}
# Tells something of a person.
PERSONAL = {"tells": "personal"}
# Lets somebody in, or proves something; never exported.
SECRET = {"tells": "secret"}
# What was sold, for how much and when: tax law wants it kept.
FINANCIAL = {"tells": "financial"}


def word_of(column: "Column[object]") -> str | None:
    word: str | None = column.info.get("tells")
    return word
