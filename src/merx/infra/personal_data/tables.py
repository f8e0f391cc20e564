"""How a context says what its tables hold of people: `TABLES` in its `adapters/personal_data.py`.

Every column stands under exactly one word; a test fails for one that stands nowhere. The map is the program: an export
shows what it names, erasure deletes or blanks what it names.
"""

from typing import Literal

import msgspec

# Conditions that find the rows of a person. The parameters are the fields of `Subject`.
OF_ACCOUNT = "account_id = cast(:account_id as uuid)"
OF_ORDERS = "order_id = any(cast(:order_ids as uuid[]))"


class TableData(msgspec.Struct, frozen=True, kw_only=True):
    """One table. Names of columns are separated by blanks.

    plain       says nothing about a person
    identifier  leads to a person through another row, and names nobody once that one is erased
    personal    tells something of a person
    secret      lets somebody in, or proves something; never exported
    financial   what was sold, for how much and when: tax law wants it kept

    `owner` is the SQL condition that finds the rows of a person, empty when no row belongs to one.
    `erase` is what becomes of them: `delete` the rows, `blank` the columns of `blank` (SQL expressions), or `keep`.
    Where something stays, `because` says why and until when. `shown` has SQL expressions for columns that an export
    shows in another way than they are kept.
    """

    table: str
    plain: str = ""
    identifier: str = ""
    personal: str = ""
    secret: str = ""
    financial: str = ""
    owner: str = ""
    erase: Literal["delete", "blank", "keep"] = "keep"
    blank: dict[str, str] = {}
    because: str = ""
    shown: dict[str, str] = {}

    def columns(self) -> list[str]:
        """Every classified column, as often as it is named."""
        return [*self.exported(), *self.secret.split()]

    def exported(self) -> list[str]:
        return f"{self.identifier} {self.personal} {self.financial} {self.plain}".split()

    def erased(self) -> list[str]:
        """The columns that must not tell anything any more where rows stay."""
        return f"{self.personal} {self.secret}".split()

    def sql_name(self) -> str:
        return ".".join(f'"{part}"' for part in self.table.split("."))
