"""The file that a person gets: everything as JSON, and each table as CSV for a spreadsheet."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from merx.kernel.personal_data import Section

# A spreadsheet takes a cell that begins so for a formula and runs it (OWASP: CSV injection).
_FORMULA = (
    *"=+-@\t\r\n",
    "\N{FULLWIDTH EQUALS SIGN}",
    "\N{FULLWIDTH PLUS SIGN}",
    "\N{FULLWIDTH HYPHEN-MINUS}",
    "\N{FULLWIDTH COMMERCIAL AT}",
)
_README = """What this shop knows of you, on {moment:%Y-%m-%d %H:%M} UTC.

data.json   everything, table by table
*.csv       the same tables for a spreadsheet

In the CSV files a ' stands before text that a spreadsheet would take for a formula; data.json has it as it is.
Passwords and other secrets are not in here: nobody can read them.
"""


def archive(sections: Sequence[Section], moment: datetime) -> bytes:
    """A ZIP file. Tables without rows are in data.json alone."""
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("README.txt", _README.format(moment=moment))
        tables = {section.name: section.rows for section in sections}
        content = {"exported_at": moment, "tables": tables}
        file.writestr("data.json", msgspec.json.format(msgspec.json.encode(content), indent=2))
        for name, rows in tables.items():
            if rows:
                file.writestr(f"{name}.csv", as_csv(rows))
    return found.getvalue()


def as_csv(rows: Iterable[dict[str, Any]]) -> str:
    """With a line of names; the parts of a value such as an address are columns of their own."""
    flat = [_flat(row) for row in rows]
    columns = list(dict.fromkeys(column for row in flat for column in row))
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow([safe_cell(column) for column in columns])
    writer.writerows([safe_cell(row.get(column)) for column in columns] for row in flat)
    return text.getvalue()


def safe_cell(value: Any) -> str:
    """Text that no spreadsheet runs. Numbers are no text: -5 stays -5."""
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(value)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for column, value in row.items():
        if isinstance(value, dict):
            found |= {f"{column}_{part}": inner for part, inner in value.items()}
        else:
            found[column] = value
    return found
