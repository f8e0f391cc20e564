"""What is told of a change, and what never is."""

from uuid import UUID

import msgspec
import pytest

from merx.kernel.actor import Actor
from merx.kernel.audit import HIDDEN, AuditEntry, Change, differences, facts, is_hidden, pictured
from merx.kernel.ids import new_id
from merx.kernel.model import Entity, Value
from merx.kernel.money import Money


class Part(Value, frozen=True):
    id: UUID
    label: str
    price: Money


class ToyBox(Entity, kw_only=True):
    name: str
    email: str = ""
    password_hash: str | None = None
    parts: list[Part] = []
    notes: dict[str, str] = {}
    contacts: list[dict[str, str]] = []


def told(before: ToyBox, after: ToyBox) -> dict[str, Change]:
    return dict(differences(pictured(before), pictured(after)))


def test_only_what_changed_is_told_down_to_the_field():
    part = Part(id=new_id(), label="A", price=Money(100, "USD"))
    box = ToyBox(id=new_id(), version=1, name="Box", parts=[part], notes={"colour": "red"})
    other = ToyBox(
        id=box.id,
        version=2,
        name="Box",
        parts=[msgspec.structs.replace(part, price=Money(200, "USD"))],
        notes={"colour": "blue"},
    )
    assert told(box, other) == {
        f"parts.{part.id}.price.amount": Change(100, 200),
        "notes.colour": Change("red", "blue"),
    }
    assert told(box, box) == {}


def test_a_part_that_came_and_one_that_went():
    old, new = (Part(id=new_id(), label=name, price=Money(1, "USD")) for name in ("old", "new"))
    found = told(ToyBox(id=new_id(), name="Box", parts=[old]), ToyBox(id=new_id(), name="Box", parts=[new]))
    assert found[f"parts.{old.id}.label"] == Change("old", None)
    assert found[f"parts.{new.id}.label"] == Change(None, "new")


def test_secrets_and_what_is_personal_are_compared_and_never_told():
    before = ToyBox(id=new_id(), name="Box", email="ada@example.com", password_hash="$argon2id$canary")
    after = ToyBox(
        id=before.id,
        name="Box",
        email="eve@example.com",
        password_hash="$argon2id$other",
        notes={"delivery_address": "1 Canary Road"},
        contacts=[{"phone": "+911234567890", "shelf": "A"}],
    )
    found = told(before, after)
    assert found == {
        "email": Change(HIDDEN, HIDDEN),
        "password_hash": Change(HIDDEN, HIDDEN),
        "notes.delivery_address": Change(None, HIDDEN),
        "notes": Change({}, None),
        "contacts": Change([], [{"phone": HIDDEN, "shelf": "A"}]),
    }
    text = msgspec.json.encode(found).decode()
    assert not [word for word in ("ada@", "eve@", "argon2id", "Canary", "+91") if word in text]


def test_further_fields_can_be_hidden():
    entry = AuditEntry.of(Actor.system(), "toys.box-made", ToyBox(id=new_id(), name="Ada"), hide=("name",))
    assert entry.changes["name"] == Change(None, HIDDEN)


def test_an_entry_names_its_target():
    box = ToyBox(id=new_id(), name="Box")
    gone = AuditEntry.of(Actor.system(), "toys.box-removed", box, gone=True)
    assert (gone.target, gone.target_id, gone.changes["name"]) == ("toy-box", box.id, Change("Box", None))


def test_long_texts_are_cut_and_all_fields_are_told():
    assert len(facts(text="x" * 100_000)["text"].after) < 600
    many = differences({}, {f"field{number}": number for number in range(10_000)})
    assert len(many) == 10_000
    assert many["field9999"] == Change(None, 9999)


@pytest.mark.parametrize(
    "name",
    ["password", "password_hash", "new_email", "email_key", "token_hash", "phone", "address", "otp_secret", "digest"],
)
def test_hidden_names(name: str):
    assert is_hidden(name)


@pytest.mark.parametrize("name", ["email_verified_at", "token_id", "postal_prefixes", "name", "price", "session_id"])
def test_names_that_may_be_told(name: str):
    assert not is_hidden(name)
