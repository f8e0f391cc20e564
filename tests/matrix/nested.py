"""Ids of one person in the requests of another: in the path, the query and every field of the body that is an id."""

import base64
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect

from merx.infra.http.auth import RouteAccess
from merx.kernel.ids import new_id
from tests.infra.http.examples import Place, leads_to, structs_in, takes
from tests.infra.http.routes import Route, bare
from tests.matrix.entry import Entry, Target
from tests.matrix.people import Person
from tests.matrix.play import name_of, path_of
from tests.matrix.shop import Shop
from tests.matrix.store import changes
from tests.support.asgi import Answer


class Attempt(msgspec.Struct, frozen=True):
    """`value` is an id or a word of somebody else, `place` where it stands.

    `nobodys` is the same request with an id that does not exist: it must get the same answer. Without it the answer
    may be good, and show nothing.
    """

    place: str
    value: str
    target: Target
    nobodys: Target | None = None


def pairs(shop: Shop, entry: Entry) -> list[tuple[Person, Person]]:
    """Whose things, and who asks for them."""
    found = [(shop.owner, shop.other)]
    if entry.guests:
        found += [(shop.guest, shop.stranger), (shop.guest, shop.other), (shop.owner, shop.stranger)]
    return found


async def failures(shop: Shop, access: RouteAccess, route: Route, entry: Entry) -> tuple[list[str], int]:
    """What went wrong, and how many requests were made."""
    found, made = [], 0
    start = shop.memory.state()
    for theirs, asking in pairs(shop, entry):
        own = await entry.target(shop, asking)
        held = await entry.target(shop, theirs)
        ready = shop.memory.state()
        control = await _send(shop, access, asking, own)
        if not 200 <= control.status < 300 and control.status != 302:
            found.append(f"{name_of(access)}: {asking.name} gets {control.status} for the own things")
        shop.memory.restore(ready)
        unknown: dict[str, tuple[int, str]] = {}
        for attempt in _attempts(route, own, held, theirs):
            made += 1
            answer = await _send(shop, access, asking, attempt.target)
            problem = _wrong(attempt, answer, theirs, asking)
            if access.method != "GET" and (changed := changes(ready.fingerprint, shop.memory.fingerprint())):
                shop.memory.restore(ready)
                if attempt.nobodys is not None:
                    problem = problem or f"changed {', '.join(changed)}"
            if attempt.nobodys is not None and not problem:
                if attempt.place not in unknown:
                    told = await _send(shop, access, asking, attempt.nobodys)
                    unknown[attempt.place] = told.status, told.slug
                if (answer.status, answer.slug) != unknown[attempt.place]:
                    problem = f"got {answer.status} {answer.slug}, and an unknown id {unknown[attempt.place]}"
            if problem:
                found.append(
                    f"{name_of(access)}, {asking.name} with {attempt.place}={attempt.value} of {theirs.name}: {problem}"
                )
        shop.memory.restore(start)
    return found, made


async def _send(shop: Shop, access: RouteAccess, asking: Person, target: Target) -> Answer:
    shop.memory.forgive()
    headers = target.headers | asking.headers | {"idempotency-key": new_id().hex}
    return await shop.send(access.method, path_of(access, target), target.body, headers)


def _wrong(attempt: Attempt, answer: Answer, theirs: Person, asking: Person) -> str:
    said = f"{answer.status} {answer.body[:200]!r}"
    if answer.status >= 500 or (attempt.nobodys is not None and answer.status < 400):
        return f"got {said}"
    sent = attempt.target.text()
    shown = [
        each
        for each in [*theirs.words, *theirs.ids()]
        if each not in sent and each not in asking.words and each.encode() in answer.body
    ]
    return f"reads {', '.join(shown)}" if shown else ""


def _attempts(route: Route, own: Target, held: Target, theirs: Person) -> Iterator[Attempt]:
    ids = sorted(theirs.ids())
    for parameter in route.in_path:
        if takes(inspect.type_info(bare(parameter.kind)), inspect.UUIDType):
            for each in dict.fromkeys([held.path[parameter.name], *ids]):
                if each != own.path[parameter.name] and each in theirs.ids():
                    yield Attempt(
                        f"path {parameter.name}",
                        each,
                        msgspec.structs.replace(own, path=own.path | {parameter.name: each}),
                        msgspec.structs.replace(own, path=own.path | {parameter.name: str(new_id())}),
                    )
    for place, body in id_fields(route.body):
        base = own.body if leads_to(own.body, place.steps) else body
        for each in ids:
            put = place.put(base, each)
            if put != own.body:
                yield Attempt(
                    f"body {place}",
                    each,
                    msgspec.structs.replace(own, body=put),
                    msgspec.structs.replace(own, body=place.put(base, str(new_id()))),
                )
    for parameter in route.in_query:
        kind = inspect.type_info(bare(parameter.kind))
        if takes(kind, inspect.UUIDType):
            for each in ids:
                yield _asked(own, parameter.name, each)
        elif takes(kind, inspect.StrType):
            for each in theirs.words:
                yield _asked(own, parameter.name, each)
            for each in ids:
                # Cursors are ids of rows: whoever makes one up reads no further than anybody.
                made_up = base64.urlsafe_b64encode(msgspec.json.encode([each])).rstrip(b"=").decode()
                yield _asked(own, parameter.name, made_up if parameter.name == "after" else each)


def _asked(own: Target, name: str, value: str) -> Attempt:
    query = own.query | {name: value}
    return Attempt(f"query {name}", value, msgspec.structs.replace(own, query=query))


def id_fields(kind: Any) -> list[tuple[Place, Any]]:
    """Every field of a body that is an id or has ids in it, with a whole body around it."""
    if kind is None:
        return []
    found = []
    for place, body, fields in structs_in(kind):
        for field in fields:
            if _is_id(field.type):
                found.append((Place((*place.steps, field.encode_name), field.type), body))
            elif (items := _items(field.type)) is not None and _is_id(items):
                at = Place((*place.steps, field.encode_name), field.type)
                found.append((Place((*at.steps, 0), items), at.put(body, [str(UUID(int=0))])))
    return found


def _is_id(kind: inspect.Type) -> bool:
    """A field of any type takes ids too, and everything else."""
    return takes(kind, inspect.UUIDType) and not takes(kind, inspect.StrType)


def _items(kind: inspect.Type) -> inspect.Type | None:
    while isinstance(kind, inspect.Metadata):
        kind = kind.type
    many = inspect.ListType | inspect.SetType | inspect.FrozenSetType | inspect.VarTupleType
    return kind.item_type if isinstance(kind, many) else None
