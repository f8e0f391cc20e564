"""SQLAlchemy writes the SQL once; asyncpg runs it. The hot path pays for neither compilation nor the ORM."""

from typing import Any

import msgspec
from sqlalchemy import Executable, make_url, text
from sqlalchemy.sql.elements import CompilerElement

_DIALECT = make_url("postgresql+asyncpg://").get_dialect()()


class Compiled:
    """SQL text with numbered parameters and the names that fill them.

    Written at first use and kept: a process has some hundred statements and starts sooner without those it never runs.
    """

    __slots__ = ("_defaults", "_names", "_statement", "sql")

    sql: str
    _names: tuple[str, ...]
    _defaults: dict[str, Any]

    def __init__(self, statement: CompilerElement) -> None:
        self._statement = statement

    def __getattr__(self, name: str) -> Any:
        # Called for a slot that is not filled yet, and never again.
        if name not in {"sql", "_names", "_defaults"}:
            raise AttributeError(name)
        result = self._statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
        binds = getattr(result, "binds", {})
        self._names = tuple(getattr(result, "positiontup", None) or ())
        self._defaults = {name: value for name, value in result.params.items() if not binds[name].required}
        self.sql = str(result)
        return getattr(self, name)

    def arguments(self, given: dict[str, Any]) -> list[Any]:
        """Values in the order of `$1, $2 …`. Raises KeyError for a parameter that nobody gave."""
        names = self._names
        defaults = self._defaults
        return [given[name] if name in given else defaults[name] for name in names]


def compiled(statement: Executable | str) -> Compiled:
    """A Core statement, or SQL text with `:name` parameters, for asyncpg.

    In SQL text write `cast(:ids as uuid[])`, not `:ids::uuid[]`. JSONB goes in and comes out as text: use `json_text`
    to write it and `msgspec.Raw` to pass it on.
    """
    element = text(statement) if isinstance(statement, str) else statement
    if not isinstance(element, CompilerElement):
        raise TypeError(f"{statement!r} cannot be compiled")
    return Compiled(element)


def json_text(value: object) -> str:
    """A value as the text of a JSONB parameter."""
    return msgspec.json.encode(value).decode()
