"""What becomes of rows about people: `TABLES` in the `adapters/personal_data.py` of their context.

What a column tells of somebody stands at the column (`infra/postgres/words.py`). Both together are the program: an
export shows what is not secret, erasure deletes or blanks what tells of a person. A table of nothing but plain columns
needs no entry; a test fails for any other that has none.
"""

from typing import Literal

import msgspec

from merx.infra.postgres.columns import Base
from merx.infra.postgres.words import word_of

# Conditions that find the rows of a person. The parameters are the fields of `Subject`.
OF_ACCOUNT = "account_id = cast(:account_id as uuid)"
OF_ORDERS = "order_id = any(cast(:order_ids as uuid[]))"


class TableData(msgspec.Struct, frozen=True, kw_only=True):
    """One table.

    `owner` is the SQL condition that finds the rows of a person, empty when no row belongs to one.
    `erase` is what becomes of them: `delete` the rows, `blank` the columns of `blank` (SQL expressions), or `keep`.
    Where something stays, `because` says why and until when. `shown` has SQL expressions for columns that an export
    shows in another way than they are kept.
    """

    table: str
    owner: str = ""
    erase: Literal["delete", "blank", "keep"] = "keep"
    blank: dict[str, str] = {}
    because: str = ""
    shown: dict[str, str] = {}

    def said(self, *words: str) -> list[str]:
        """Names of the columns that say one of `words`, those of the first word first."""
        columns = Base.metadata.tables[self.table].columns
        return [column.name for word in words for column in columns if word_of(column) == word]

    def exported(self) -> list[str]:
        return self.said("identifier", "personal", "financial", "plain")

    def erased(self) -> list[str]:
        """The columns that must not tell anything any more where rows stay."""
        return self.said("personal", "secret")

    def sql_name(self) -> str:
        return ".".join(f'"{part}"' for part in self.table.split("."))
