"""An edit is of the version that was read, and changes what was sent."""

import pytest
from msgspec import UNSET, UnsetType

from merx.kernel.edits import same_version, set_given
from merx.kernel.errors import StaleVersion
from merx.kernel.ids import new_id
from merx.kernel.model import Command, Entity


class Lamp(Entity):
    name: str = "desk"
    note: str | None = "old"
    price: int = 1


class EditLamp(Command, frozen=True):
    name: str | UnsetType = UNSET
    note: str | None | UnsetType = UNSET
    price: int | UnsetType = UNSET


def test_only_what_was_sent_changes():
    lamp = Lamp(id=new_id())
    set_given(lamp, EditLamp(note=None, price=5), but=("price",))
    assert (lamp.name, lamp.note, lamp.price) == ("desk", None, 1)


def test_the_version_is_the_one_that_was_read():
    lamp = Lamp(id=new_id(), version=3)
    same_version(lamp, 3)
    same_version(lamp, None)
    with pytest.raises(StaleVersion):
        same_version(lamp, 2)
