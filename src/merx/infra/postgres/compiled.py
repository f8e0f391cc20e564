"""SQLAlchemy writes the SQL once, at import; asyncpg runs it. The hot path pays for neither compilation nor the ORM."""

from typing import Any

import msgspec
from sqlalchemy import Executable, text
from sqlalchemy.dialects.postgresql import asyncpg as dialect_module
from sqlalchemy.sql.elements import CompilerElement

_DIALECT = dialect_module.dialect()  # type: ignore[no-untyped-call]


class Compiled:
    """SQL text with numbered parameters and the names that fill them."""

    __slots__ = ("_defaults", "_names", "sql")

    def __init__(self, sql: str, names: tuple[str, ...], defaults: dict[str, Any]) -> None:
        self.sql = sql
        self._names = names
        self._defaults = defaults

    def arguments(self, given: dict[str, Any]) -> list[Any]:
        """Values in the order of `$1, $2 …`. Raises KeyError for a parameter that nobody gave."""
        defaults = self._defaults
        return [given[name] if name in given else defaults[name] for name in self._names]


def compiled(statement: Executable | str) -> Compiled:
    """Compile a Core statement, or SQL text with `:name` parameters, for asyncpg.

    In SQL text write `cast(:ids as uuid[])`, not `:ids::uuid[]`. JSONB goes in and comes out as text: use `json_text`
    to write it and `msgspec.Raw` to pass it on.
    """
    element = text(statement) if isinstance(statement, str) else statement
    if not isinstance(element, CompilerElement):
        raise TypeError(f"{statement!r} cannot be compiled")
    result = element.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    names = tuple(getattr(result, "positiontup", None) or ())
    binds = getattr(result, "binds", {})
    given = {name: value for name, value in result.params.items() if not binds[name].required}
    return Compiled(str(result), names, given)


def json_text(value: object) -> str:
    """A value as the text of a JSONB parameter."""
    return msgspec.json.encode(value).decode()
