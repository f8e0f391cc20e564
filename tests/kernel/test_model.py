"""What each of the structs promises to everything made of it."""

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from merx.kernel.ids import new_id
from merx.kernel.model import Command, Entity, Event, Value, View

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Size(Value, frozen=True):
    width: int
    label: str = ""


class Resize(Command, frozen=True):
    size: Size


class Shown(View, frozen=True):
    name: str
    count: int


class Box(Entity):
    size: Size


class BoxMoved(Event, frozen=True, tag="boxes.box-moved.v1"):
    box_id: UUID
    note: str = ""


class Untagged(Event, frozen=True):
    pass


@given(st.integers(-(2**62), 2**62), st.text(max_size=20))
def test_values_are_equal_by_content(width, label):
    one, other = Size(width=width, label=label), Size(width=width, label=label)
    assert one == other
    assert hash(one) == hash(other)
    assert Size(width=width + 1, label=label) != one
    assert msgspec.json.decode(msgspec.json.encode(one), type=Size) == one


@pytest.mark.parametrize("made", [Size(width=1), Resize(size=Size(width=1)), Shown("a", 1), BoxMoved(at=AT, box_id=AT)])
def test_all_but_entities_are_frozen(made):
    with pytest.raises(AttributeError):
        setattr(made, made.__struct_fields__[0], None)


@pytest.mark.parametrize("kind", [Size, Resize])
def test_an_unknown_field_is_refused(kind):
    known = {"width": 1} if kind is Size else {"size": {"width": 1}}
    msgspec.convert(known, kind)
    with pytest.raises(msgspec.ValidationError, match="unknown"):
        msgspec.convert(known | {"colour": "red"}, kind)


def test_a_view_is_made_from_a_row():
    assert Shown(*("lamp", 3)) == Shown("lamp", 3)


def test_entities_are_themselves_and_start_unsaved():
    id = new_id()
    one, same_row = Box(id=id, size=Size(width=1)), Box(id=id, size=Size(width=1))
    assert one.version == 0
    assert one != same_row
    assert len({one, same_row}) == 2
    one.size = Size(width=2)
    assert same_row.size == Size(width=1)


def test_events_have_an_id_of_their_own_and_a_published_name():
    one, other = (BoxMoved(at=AT, box_id=new_id()) for _ in range(2))
    assert one.id != other.id
    assert one.id.version == 7
    assert BoxMoved.tag() == "boxes.box-moved.v1"
    with pytest.raises(TypeError, match="Untagged"):
        Untagged.tag()


@given(st.text(max_size=50))
def test_an_event_is_read_as_it_was_written(note):
    event = BoxMoved(at=AT, box_id=new_id(), note=note)
    written = msgspec.json.encode(event)
    assert msgspec.json.decode(written, type=BoxMoved) == event
    assert msgspec.json.decode(written)["type"] == "boxes.box-moved.v1"


def test_an_event_of_a_newer_version_is_read_without_what_it_added():
    id = new_id()
    newer = {"type": "boxes.box-moved.v1", "at": AT.isoformat(), "id": str(id), "box_id": str(id), "weight": 3}
    assert msgspec.json.decode(msgspec.json.encode(newer), type=BoxMoved) == BoxMoved(at=AT, id=id, box_id=id)
