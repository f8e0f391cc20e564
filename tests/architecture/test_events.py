"""Events outlive the program that wrote them: rows in the outbox are read by later versions.

`events.json` holds a payload of each event as it was first published, `subscribers.txt` the names that are stored in
delivery rows and job rows. New ones are added with `python -m tests.architecture.test_events`; nothing is changed or
taken away without a migration of the rows.
"""

import importlib
import json

import msgspec
import pytest

from merx.kernel.model import Event
from tests.architecture.tree import CONTEXTS, ROOT
from tests.infra.http.examples import example
from tests.support.apps import new_app

FOLDER = ROOT / "tests" / "architecture"
PAYLOADS, NAMES = FOLDER / "events.json", FOLDER / "subscribers.txt"
ADD = "add it with: python -m tests.architecture.test_events"


def published() -> dict[str, type[Event]]:
    """Every event of a context, by its tag."""
    found: dict[str, type[Event]] = {}
    for path in sorted(CONTEXTS.glob("*/events.py")):
        module = importlib.import_module(f"merx.contexts.{path.parent.name}.events")
        for event in vars(module).values():
            if isinstance(event, type) and issubclass(event, Event) and event.__module__ == module.__name__:
                assert event.tag() not in found, f"two events are called {event.tag()}"
                found[event.tag()] = event
    return found


def stored_names() -> list[str]:
    """What rows refer to by name: subscribers with their event and kind, and jobs."""
    app = new_app()
    heard = [f"{name} {each.event.tag()} {each.kind}" for name, each in app.registry._by_name.items()]
    return sorted([*heard, *(f"{job.name} job" for job in app.schedule)])


EVENTS = published()


@pytest.mark.parametrize("tag", EVENTS)
def test_the_first_payload_can_still_be_read(tag: str):
    known = json.loads(PAYLOADS.read_text())
    assert tag in known, f"{tag} is new; {ADD}"
    event = msgspec.json.decode(json.dumps(known[tag]), type=EVENTS[tag])
    written = json.loads(msgspec.json.encode(event))
    assert {name: written.get(name) for name in known[tag]} == known[tag], "a field is gone or means something else"


def test_no_event_was_forgotten():
    assert set(json.loads(PAYLOADS.read_text())) - set(EVENTS) == set(), "rows with these events may still wait"


def test_names_in_rows_stay():
    known, present = NAMES.read_text().splitlines(), stored_names()
    assert set(known) - set(present) == set(), "deliveries of these would find nobody"
    assert set(present) - set(known) == set(), f"new; {ADD}"


def test_names_say_where_they_belong():
    registry = new_app().registry
    for name, subscriber in registry._by_name.items():
        context, _, handler = name.partition(".")
        assert handler, name
        assert (CONTEXTS / context).is_dir(), name
        assert subscriber.event.tag() in EVENTS, f"{name} hears an event that no context publishes"


def test_every_subscriber_gets_its_event_out_of_the_outbox():
    registry = new_app().registry
    for subscriber in registry._by_name.values():
        tag = subscriber.event.tag()
        event = registry.decode(tag, json.dumps(example(subscriber.event)))
        assert type(event) is subscriber.event
        assert registry.decode(tag, msgspec.json.encode(event)) == event


def add_new() -> None:
    """Writes down what is new; what is there already stays as it is."""
    known = json.loads(PAYLOADS.read_text()) if PAYLOADS.exists() else {}
    for tag, event in EVENTS.items():
        known.setdefault(tag, _whole(event))
    PAYLOADS.write_text(json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
    names = set(NAMES.read_text().splitlines()) if NAMES.exists() else set()
    NAMES.write_text("".join(f"{line}\n" for line in sorted(names | set(stored_names()))))


def _whole(event: type[Event]) -> object:
    """An example with every field, also those that have a default."""
    return json.loads(msgspec.json.encode(msgspec.convert(example(event), event, strict=False)))


if __name__ == "__main__":
    add_new()
