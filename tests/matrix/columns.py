"""Every column of the database as a field of every body."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import Column

from merx.infra.http.auth import RouteAccess
from merx.kernel.ids import new_id
from merx.migrations.metadata import metadata
from tests.infra.http.attacks import COLUMNS
from tests.infra.http.examples import Place, leads_to, structs_in
from tests.infra.http.routes import Route
from tests.matrix.entry import Entry, Target
from tests.matrix.play import name_of, path_of
from tests.matrix.shop import Shop
from tests.matrix.store import changes


@cache
def _columns(context: str) -> dict[str, Any]:
    tables = [table for table in metadata().tables.values() if table.schema == context]
    return {column.name: _fitting(column) for table in tables for column in table.columns}


def columns_of(access: RouteAccess) -> dict[str, Any]:
    """The columns of the context's tables with a value that would fit, and names that attackers try."""
    return dict.fromkeys(COLUMNS, 1) | _columns(access.handler.fn.__module__.split(".")[2])


def _fitting(column: Column[Any]) -> Any:
    kind = column.type.python_type if _knows_python(column) else str
    return {int: 1, bool: True}.get(kind, str(new_id()))


def _knows_python(column: Column[Any]) -> bool:
    try:
        return bool(column.type.python_type)
    except NotImplementedError:
        return False


def bodies(target: Target, route: Route) -> Iterator[tuple[Place, Any, set[str]]]:
    """Every struct of a body: where it is, a good body that has it, and the names of its fields."""
    for place, example, fields in structs_in(route.body):
        names = {field.encode_name for field in fields}
        good = target.body if leads_to(target.body, (*place.steps, "")) else example
        yield place, good, names


async def failures(shop: Shop, access: RouteAccess, route: Route, entry: Entry) -> tuple[list[str], int]:
    """What was not refused for the column and for nothing else, and how many columns were tried."""
    start = shop.memory.state()
    target = await entry.target(shop, shop.owner)
    ready = shop.memory.fingerprint()
    headers = target.headers | (shop.root if access.rule.name == "staff" else shop.owner.headers)
    found, tried = [], 0
    for place, good, names in bodies(target, route):
        here = good
        for step in place.steps:
            here = here[step]
        for column, value in columns_of(access).items():
            if column in names:
                continue
            tried += 1
            shop.memory.forgive()
            body = place.put(good, here | {column: value})
            key = {"idempotency-key": new_id().hex}
            answer = await shop.send(access.method, path_of(access, target), body, headers | key)
            where = ".".join(map(str, (*place.steps, column)))
            # Refused for this field and for nothing else: the rest of the body is good.
            told = answer.json().get("errors", []) if answer.is_problem else []
            if answer.status != 400 or [each["message"] for each in told] != ["is unknown"]:
                found.append(f"{name_of(access)}: {where}: {answer.status} {answer.body[:200]!r}")
    if changed := changes(ready, shop.memory.fingerprint()):
        found.append(f"{name_of(access)} changed {', '.join(changed)}")
    shop.memory.restore(start)
    return found, tried
