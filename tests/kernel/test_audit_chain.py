"""Each row carries the hash of the row before it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from merx.kernel.actor import Actor, ActorKind
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.audit_chain import GENESIS, AuditRow, Head, chained
from merx.kernel.ids import new_id

NOW = datetime(2031, 1, 1, 12, tzinfo=UTC)


def entries(count: int) -> list[AuditEntry]:
    actor = Actor(
        kind=ActorKind.staff, account_id=new_id(), request_id="r-1", client="192.0.2.7", impersonator=new_id()
    )
    return [
        AuditEntry(actor=actor, action="toys.box-made", target="box", target_id=str(number), changes=facts(n=number))
        for number in range(count)
    ]


def test_rows_are_linked_from_the_first_to_the_last():
    rows = chained(entries(3), Head(), NOW)
    assert [row.seq for row in rows] == [1, 2, 3]
    assert [row.previous for row in rows] == [GENESIS, rows[0].hash, rows[1].hash]
    assert all(row.hash == row.true_hash() for row in rows)


def test_a_clock_that_went_back_does_not_take_the_trail_back():
    head = Head(7, NOW, b"x" * 32)
    (row,) = chained(entries(1), head, NOW - timedelta(hours=1))
    assert (row.seq, row.at, row.previous) == (8, NOW, b"x" * 32)


def test_every_field_but_the_place_is_in_the_hash():
    (row,) = chained(entries(1), Head(), NOW)
    others = {
        "id": new_id(),
        "at": NOW + timedelta(microseconds=1),
        "action": "x",
        "actor_kind": "customer",
        "actor_id": new_id(),
        "impersonator_id": None,
        "target": "x",
        "target_id": "x",
        "changes": "{}",
        "request_id": "x",
        "client": "x",
        "previous": b"x" * 32,
    }
    # The seal is made of the hash.
    assert set(others) == set(AuditRow.__struct_fields__) - {"seq", "hash", "seal"}
    same = [
        name for name, value in others.items() if msgspec.structs.replace(row, **{name: value}).true_hash() == row.hash
    ]
    assert same == []


def test_the_form_that_is_hashed_stays():
    """Rows of years ago must still prove: a changed form would make all of them look edited."""
    row = AuditRow(
        seq=1,
        id=UUID("0190163d-8694-739b-a4e2-ab2be0e6ee5e"),
        at=datetime(2031, 1, 1, tzinfo=UTC),
        action="toys.box-made",
        actor_kind="system",
        actor_id=None,
        impersonator_id=None,
        target="box",
        target_id="1",
        changes="{}",
        request_id="",
        client="",
        previous=GENESIS,
        hash=b"",
    )
    assert row.true_hash().hex() == "6595c568c08f37f3a6e96eaf1eb5c0067c93ee255e74bc6e64c33d5cfefdfe85"
