"""Plays one route of the matrix: every caller, the same request; collects what is not as promised."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import msgspec

from merx.infra.http.auth import RouteAccess
from merx.kernel.ids import new_id
from tests.matrix.callers import TRUSTED, Caller
from tests.matrix.entry import Entry, Target
from tests.matrix.people import Person
from tests.matrix.promises import GOOD, headers_of, owns, promised, right_of
from tests.matrix.shop import Shop
from tests.matrix.store import changes
from tests.support.asgi import Answer

TRAIL = ("audit.entry", "audit.head")
_READS = {"GET", "HEAD", "OPTIONS"}


class Heard(msgspec.Struct, frozen=True):
    """An answer of the matrix, for those who look for what should not be in it."""

    route: str
    caller: Caller
    answer: Answer


def path_of(access: RouteAccess, target: Target) -> str:
    return quote(target.on(access.path), safe="/?&=:,")


def name_of(access: RouteAccess) -> str:
    return f"{access.method} {access.path}"


async def failures(shop: Shop, access: RouteAccess, entry: Entry, heard: list[Heard] | None = None) -> list[str]:
    """One line for each answer that is not as it must be."""
    found = []
    start = shop.memory.state()
    for subject in (shop.owner, shop.guest) if entry.guests else (shop.owner,):
        await shop.appoint(right_of(access.rule, entry))
        target = await entry.target(shop, subject)
        ready = shop.memory.state()
        async for caller, answer in _answers(shop, access, entry, subject, target):
            after = changes(ready.fingerprint, shop.memory.fingerprint())
            if after:
                shop.memory.restore(ready)
            if answer.status == 403:
                # That it was refused is on record.
                after = [table for table in after if table not in TRAIL]
            problem = wrong(access, entry, caller, subject, target, answer, after)
            if problem:
                whose = "a guest's" if subject.account_id is None else "a customer's"
                found.append(f"{name_of(access)} ({whose}), {caller}: {problem}")
            if heard is not None:
                heard.append(Heard(name_of(access), caller, answer))
        shop.memory.restore(start)
    return found


async def _answers(
    shop: Shop, access: RouteAccess, entry: Entry, subject: Person, target: Target
) -> AsyncIterator[tuple[Caller, Answer]]:
    path = path_of(access, target)
    for caller in Caller:
        shop.memory.forgive()
        headers = target.headers | headers_of(shop, caller, right_of(access.rule, entry), subject)
        if access.method == "POST":
            headers = headers | {"idempotency-key": new_id().hex}
        yield caller, await shop.send(access.method, path, target.body, headers)


def wrong(
    access: RouteAccess,
    entry: Entry,
    caller: Caller,
    subject: Person,
    target: Target,
    answer: Answer,
    changed: list[str],
) -> str:
    sent = target.text()
    owned = any(each in sent for each in subject.ids())
    wanted = promised(access.rule, entry, caller, subject, owned=owned)
    # A browser that is led on was let in.
    good = 200 <= answer.status < 300 or answer.status == 302
    said = f"{answer.status} {answer.body[:200]!r}"
    if good != (wanted == GOOD) or (not good and answer.status != wanted):
        return f"must get {'a good answer' if wanted == GOOD else wanted}, got {said}"
    if not good and not answer.is_problem:
        return f"no problem document: {said}"
    if changed and (not good or access.method in _READS):
        return f"{'refused, and yet' if not good else 'a read that'} changed {', '.join(changed)}"
    if not owns(caller, subject) and not (good and _trusted(access, entry, caller)):
        shown = [each for each in [*subject.words, *subject.ids()] if each not in sent and each.encode() in answer.body]
        if shown:
            return f"reads of {subject.name}: {', '.join(shown)}"
    return ""


def _trusted(access: RouteAccess, entry: Entry, caller: Caller) -> bool:
    """Staff and programs that the shop lets see other people's things."""
    return bool(right_of(access.rule, entry)) and caller in TRUSTED
