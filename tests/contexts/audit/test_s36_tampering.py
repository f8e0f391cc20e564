"""S36: whatever is done to the stored trail, verifying names the first bad row and says what was done."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from merx.contexts.audit.adapters.folder import FolderAnchors
from merx.contexts.audit.adapters.memory import MemoryAnchors
from merx.contexts.audit.domain.proof import Anchor
from merx.contexts.audit.ports.anchors import AnchorStore
from merx.kernel.audit_chain import AuditRow, Head
from merx.kernel.ids import new_id
from merx.kernel.model import Event
from tests.contexts.audit.conftest import Office

replace = msgspec.structs.replace


def edited(rows: list[AuditRow]) -> list[AuditRow]:
    return [replace(row, target_id="another") if row.seq == 4 else row for row in rows]


def edited_with_a_new_hash(rows: list[AuditRow]) -> list[AuditRow]:
    forged = replace(rows[3], target_id="another")
    return [*rows[:3], replace(forged, hash=forged.true_hash()), *rows[4:]]


def removed(rows: list[AuditRow]) -> list[AuditRow]:
    return [row for row in rows if row.seq != 4]


def removed_and_counted_anew(rows: list[AuditRow]) -> list[AuditRow]:
    return [replace(row, seq=number) for number, row in enumerate(removed(rows), 1)]


def inserted(rows: list[AuditRow]) -> list[AuditRow]:
    forged = replace(rows[3], id=new_id(), target_id="forged")
    forged = replace(forged, hash=forged.true_hash())
    return [replace(row, seq=number) for number, row in enumerate([*rows[:3], forged, *rows[3:]], 1)]


def swapped(rows: list[AuditRow]) -> list[AuditRow]:
    return [*rows[:3], replace(rows[4], seq=4), replace(rows[3], seq=5), *rows[5:]]


def a_day_taken_out(rows: list[AuditRow]) -> list[AuditRow]:
    return [replace(row, seq=number) for number, row in enumerate(rows[:2] + rows[5:], 1)]


def the_first_taken_out(rows: list[AuditRow]) -> list[AuditRow]:
    return rows[1:]


TRICKS: list[tuple[Callable[[list[AuditRow]], list[AuditRow]], int, str]] = [
    (edited, 4, "edited"),
    (edited_with_a_new_hash, 5, "removed"),
    (removed, 4, "removed"),
    (removed_and_counted_anew, 4, "removed"),
    (inserted, 4, "inserted"),
    (swapped, 4, "reordered"),
    (a_day_taken_out, 3, "removed"),
    (the_first_taken_out, 1, "removed"),
]


async def filled(office: Office) -> list[AuditRow]:
    """Two rows, three on the next day, three on the one after."""
    for count in (2, 3, 3):
        await office.write(count)
        office.clock.advance(timedelta(days=1))
    return await office.rows()


async def test_an_untouched_trail_is_intact_as_a_whole_and_day_by_day(office: Office):
    rows = await filled(office)
    verify = office.audit.verify_trail()
    whole = await verify()
    assert (whole.intact, whole.rows, whole.head_hash) == (True, 8, rows[-1].hash.hex())
    first = rows[0].day
    assert [(await verify(first + timedelta(days=number))).rows for number in range(-1, 4)] == [0, 2, 3, 3, 0]


async def test_every_trick_is_named_with_its_row(office: Office):
    rows = await filled(office)
    verify, wrong = office.audit.verify_trail(), []
    for trick, seq, kind in TRICKS:
        await office.tamper(trick(rows))
        verdict = await verify()
        if verdict.intact or verdict.fault is None or (verdict.fault.seq, verdict.fault.kind) != (seq, kind):
            wrong.append((trick.__name__, verdict.fault))
    await office.tamper(rows)
    assert wrong == []
    assert (await verify()).intact


async def test_a_day_is_linked_to_the_days_around_it(office: Office):
    rows = await filled(office)
    verify, day = office.audit.verify_trail(), rows[0].day + timedelta(days=1)
    # The end of the day was cut off, and its beginning.
    for kept in ([row for row in rows if row.seq != 5], [row for row in rows if row.seq != 3]):
        await office.tamper([replace(row, seq=number) for number, row in enumerate(kept, 1)])
        verdict = await verify(day)
        assert verdict.fault is not None
        assert verdict.fault.kind == "removed"


async def test_a_trail_written_anew_and_an_end_cut_off_contradict_the_anchors(office: Office):
    rows = await filled(office)
    verify, anchor = office.audit.verify_trail(), office.audit.anchor_trail()
    await anchor(Event(at=office.clock.now()))
    anew, head = [], Head()
    for row in rows:
        forged = replace(row, target_id="anew", previous=head.hash)
        anew.append(replace(forged, hash=forged.true_hash()))
        head = Head(row.seq, row.at, anew[-1].hash)
    await office.tamper(anew)
    verdict = await verify()
    assert verdict.fault is not None
    assert (verdict.fault.seq, verdict.fault.kind) == (8, "rewritten")
    await office.tamper(rows[:6])
    verdict = await verify()
    assert verdict.fault is not None
    assert (verdict.fault.seq, verdict.fault.kind) == (7, "removed")
    await office.tamper(rows)
    verdict = await verify()
    assert (verdict.intact, verdict.anchors) == (True, 1)


async def test_nothing_new_is_anchored_once(office: Office):
    anchor, store = office.audit.anchor_trail(), office.audit.anchors()
    await anchor(Event(at=office.clock.now()))
    assert await store.all() == []
    await office.write(1)
    for _ in range(3):
        await anchor(Event(at=office.clock.now()))
    await office.write(1)
    await anchor(Event(at=office.clock.now()))
    assert [kept.seq for kept in await store.all()] == [1, 2]


@pytest.mark.parametrize("kind", ["memory", "folder"])
async def test_anchors_are_kept_in_order(kind: str, tmp_path: Path):
    store: AnchorStore = MemoryAnchors() if kind == "memory" else FolderAnchors(tmp_path / "audit")
    assert await store.all() == []
    kept = [Anchor(at=f"2031-01-0{day}T00:00:00Z", seq=day, hash="ab" * 32) for day in (1, 2)]  # type: ignore[arg-type]
    kept = msgspec.convert(msgspec.to_builtins(kept), list[Anchor])
    for each in kept:
        await store.keep(each)
    assert await store.all() == kept


async def test_a_line_that_a_crash_left_half_written_spoils_no_other(tmp_path: Path):
    store = FolderAnchors(tmp_path)
    first, second = (
        msgspec.convert({"at": "2031-01-01T00:00:00Z", "seq": seq, "hash": "ab"}, Anchor) for seq in (1, 2)
    )
    await store.keep(first)
    with (tmp_path / "anchors.jsonl").open("ab") as file:
        file.write(b'{"at":"2031-01')
    await store.keep(second)
    assert await store.all() == [first, second]
