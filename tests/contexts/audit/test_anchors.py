"""S36: the head of the trail is kept outside of the database, and what goes under an anchor is proved."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from merx.bootstrap.schedule import schedule_of
from merx.contexts.audit.adapters.folder import FolderAnchors
from merx.contexts.audit.adapters.memory import MemoryAnchors
from merx.contexts.audit.domain.proof import Anchor, BrokenTrail
from merx.contexts.audit.ports.anchors import AnchorStore
from merx.kernel.actor import Actor
from merx.kernel.model import Event
from tests.contexts.audit.conftest import Office
from tests.contexts.audit.test_s36_tampering import written_anew_from

replace = msgspec.structs.replace


async def test_s36_the_head_is_anchored_every_day_by_the_schedule(office: Office):
    """By a job of the shop, and not only when somebody asks."""
    (job,) = [job for job in office.app.schedule if job.name == "audit.anchor"]
    assert job.every <= timedelta(days=1)
    for _ in range(3):
        await office.write(2)
        await job.handler(Event(at=office.clock.now()))
        office.clock.advance(timedelta(days=1))
    kept, rows = await office.audit.anchors().all(), await office.rows()
    assert [(each.seq, each.hash) for each in kept] == [(row.seq, row.hash.hex()) for row in rows[1::2]]
    # What is cut off behind the last one alone goes unseen: a day's work at most.
    await office.tamper(rows[:4])
    fault = (await office.audit.verify_trail()()).fault
    assert fault is not None
    assert (fault.seq, fault.kind) == (5, "removed")


async def test_s36_a_day_that_was_touched_when_it_was_over_fails_the_job(office: Office):
    """Once a day is over nobody asks for it any more: the job looks before the new day goes under an anchor."""
    anchor = office.audit.anchor_trail()
    await office.write(3)
    await anchor(Event(at=office.clock.now()))
    office.clock.advance(timedelta(days=1))
    await office.write(2)
    rows = await office.rows()
    await office.tamper([replace(rows[0], target_id="another"), *rows[1:]])
    with pytest.raises(BrokenTrail, match="2031-01-01: edited at 1"):
        await anchor(Event(at=office.clock.now()))
    # What was written since is worth an anchor, and a new anchor hides nothing.
    assert [each.seq for each in await office.audit.anchors().all()] == [3, 5]
    assert not (await office.audit.verify_trail()()).intact
    await office.tamper(rows)
    await anchor(Event(at=office.clock.now()))


async def test_s36_a_broken_trail_is_told_by_a_dead_letter(office: Office):
    """At once: tried again, the job would look at the new day alone and be content."""
    schedule_of(office.app)
    steer, owner = office.app.contexts.operations.steer_job(), Actor.system()
    await office.write(3)
    await steer.run(owner, "audit.anchor")
    assert await office.app.deliverer.drain() == 1
    office.clock.advance(timedelta(days=1))
    rows = await office.rows()
    await office.tamper([replace(rows[0], target_id="another"), *rows[1:]])
    await steer.run(owner, "audit.anchor")
    await office.app.deliverer.drain()
    (letter,) = await office.app.infra.deliveries().dead()
    assert letter.subscriber == "job:audit.anchor"
    assert "2031-01-01: edited at 1" in letter.last_error


async def test_s36_a_trail_that_is_gone_fails_the_job(office: Office):
    anchor = office.audit.anchor_trail()
    await office.write(3)
    await anchor(Event(at=office.clock.now()))
    await office.tamper([])
    with pytest.raises(BrokenTrail, match="removed at 1"):
        await anchor(Event(at=office.clock.now()))


async def test_s36_no_new_anchor_unsays_an_older_one(office: Office):
    """The end is written anew by somebody who knows the secret: until then the row was another one."""
    anchor, verify = office.audit.anchor_trail(), office.audit.verify_trail()
    await office.write(3)
    await anchor(Event(at=office.clock.now()))
    rows = await office.rows()
    await office.tamper(written_anew_from(3, rows, office.app.infra.trail_seals().seal))
    with pytest.raises(BrokenTrail, match="rewritten at 3"):
        await anchor(Event(at=office.clock.now()))
    fault = (await verify()).fault
    assert fault is not None
    assert (fault.seq, fault.kind) == (3, "rewritten")


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
    kept = [Anchor(at=f"2031-01-0{day}T00:00:00Z", seq=day, hash="ab" * 32) for day in (1, 2)]
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
