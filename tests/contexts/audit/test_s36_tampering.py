"""S36: whatever is done to the stored trail, verifying names the first bad row and says what was done."""

from collections.abc import Callable
from datetime import timedelta

import msgspec

from merx.contexts.audit.domain.proof import UNSEALED_BESIDE
from merx.infra.audit.seals import TrailSeals
from merx.kernel.audit_chain import GENESIS, AuditRow, Seal
from merx.kernel.ids import new_id
from merx.kernel.model import Event
from tests.contexts.audit.conftest import Office

replace = msgspec.structs.replace


def edited(rows: list[AuditRow]) -> list[AuditRow]:
    return [replace(row, target_id="another") if row.seq == 4 else row for row in rows]


def edited_with_a_new_hash(rows: list[AuditRow]) -> list[AuditRow]:
    forged = replace(rows[3], target_id="another")
    return [*rows[:3], replace(forged, hash=forged.true_hash()), *rows[4:]]


def edited_without_a_seal(rows: list[AuditRow]) -> list[AuditRow]:
    return [replace(row, seal=None) if row.seq == 4 else row for row in edited_with_a_new_hash(rows)]


def edited_with_a_seal_of_another_shop(rows: list[AuditRow]) -> list[AuditRow]:
    seal = TrailSeals(b"x" * 32).seal
    return [replace(row, seal=seal(row.hash)) if row.seq == 4 else row for row in edited_with_a_new_hash(rows)]


def written_anew_from(seq: int, rows: list[AuditRow], seal: Seal | None) -> list[AuditRow]:
    """The row says something else, and all that follow are linked to it."""
    kept, head = rows[: seq - 1], rows[seq - 2].hash if seq > 1 else GENESIS
    for row in rows[seq - 1 :]:
        forged = replace(row, previous=head, target_id="another" if row.seq == seq else row.target_id)
        head = forged.true_hash()
        kept.append(replace(forged, hash=head, seal=seal(head) if seal else None))
    return kept


def the_rest_written_anew(rows: list[AuditRow]) -> list[AuditRow]:
    return written_anew_from(4, rows, None)


def the_rest_written_anew_by_another_shop(rows: list[AuditRow]) -> list[AuditRow]:
    return written_anew_from(4, rows, TrailSeals(b"x" * 32).seal)


def the_last_edited_with_a_new_hash(rows: list[AuditRow]) -> list[AuditRow]:
    return written_anew_from(8, rows, lambda _: rows[7].seal or b"")


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
    (edited_with_a_new_hash, 4, "edited"),
    (edited_without_a_seal, 4, "unsealed"),
    (edited_with_a_seal_of_another_shop, 4, "unsealed"),
    (the_rest_written_anew, 4, "unsealed"),
    (the_rest_written_anew_by_another_shop, 4, "unsealed"),
    (the_last_edited_with_a_new_hash, 8, "edited"),
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
    assert (whole.intact, whole.rows, whole.sealed, whole.head_hash) == (True, 8, 8, rows[-1].hash.hex())
    first = rows[0].day
    days = [await verify(first + timedelta(days=number)) for number in range(-1, 4)]
    assert [(each.intact, each.rows, each.sealed) for each in days] == [(True, n, n) for n in (0, 2, 3, 3, 0)]


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
    # By somebody who has the secret of the shop too.
    await office.tamper(written_anew_from(1, rows, office.app.infra.trail_seals().seal))
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


def of_an_earlier_version(rows: list[AuditRow], *seqs: int) -> list[AuditRow]:
    """These rows have no seal: the processes that wrote them knew of none."""
    return [replace(row, seal=None) if row.seq in seqs else row for row in rows]


async def test_rows_of_before_are_proved_by_the_chain(office: Office):
    rows = of_an_earlier_version(await filled(office), 1, 2)
    verify = office.audit.verify_trail()
    await office.tamper(rows)
    verdict = await verify()
    assert (verdict.intact, verdict.rows, verdict.sealed) == (True, 8, 6)
    forged = replace(rows[0], target_id="another")
    await office.tamper([replace(forged, hash=forged.true_hash()), *rows[1:]])
    first = (await verify()).fault
    # Nothing tells the first of two that nobody sealed from the second.
    assert first is not None
    assert (first.seq, first.kind) == (2, "removed")
    forged = replace(rows[1], target_id="another")
    await office.tamper([rows[0], replace(forged, hash=forged.true_hash()), *rows[2:]])
    second = (await verify()).fault
    # The row behind it is sealed, and says what stood before it.
    assert second is not None
    assert (second.seq, second.kind) == (2, "edited")


async def test_processes_of_before_may_write_for_a_day_beside_the_new_ones(office: Office):
    """The first seal of this trail is in row 3, on the second day; row 6 is of the third."""
    rows = await filled(office)
    verify, late = office.audit.verify_trail(), rows[2].at + UNSEALED_BESIDE
    await office.tamper(of_an_earlier_version(rows, 1, 2, 4))
    assert (await verify()).intact
    assert rows[5].at >= late
    await office.tamper(of_an_earlier_version(rows, 1, 2, 6))
    fault = (await verify()).fault
    assert fault is not None
    assert (fault.seq, fault.kind) == (6, "unsealed")


async def test_a_trail_whose_seals_were_all_taken_away_contradicts_the_anchors(office: Office):
    await filled(office)
    await office.audit.anchor_trail()(Event(at=office.clock.now()))
    office.clock.advance(UNSEALED_BESIDE)
    await office.write(2)
    rows = await office.rows()
    await office.tamper(written_anew_from(9, of_an_earlier_version(rows, *range(1, 11)), None))
    fault = (await office.audit.verify_trail()()).fault
    assert fault is not None
    assert (fault.seq, fault.kind) == (9, "unsealed")


async def test_the_chain_alone_is_proved_without_the_secret(office: Office):
    rows = await filled(office)
    verify = office.audit.verify_trail()
    verdict = await verify(chain_only=True)
    assert (verdict.intact, verdict.rows, verdict.sealed) == (True, 8, 0)
    await office.tamper(edited_with_a_new_hash(rows))
    fault = (await verify(chain_only=True)).fault
    assert fault is not None
    assert (fault.seq, fault.kind) == (5, "removed")


def test_a_former_secret_proves_what_it_sealed():
    digest = b"d" * 32
    old, new = TrailSeals(b"o" * 32), TrailSeals(b"n" * 32, [b"o" * 32])
    assert new.fits(digest, old.seal(digest)) is new.fits(digest, new.seal(digest)) is True
    assert old.fits(digest, new.seal(digest)) is None
    assert new.fits(b"e" * 32, old.seal(digest)) is False
    for broken in (b"", old.seal(digest)[:8], old.seal(digest)[:-1], old.seal(digest) + b"x"):
        assert not new.fits(digest, broken)
    assert "o" * 8 not in repr(new)
