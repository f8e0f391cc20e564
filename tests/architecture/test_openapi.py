"""The published API changes on purpose only: its document is compared with the copy in this folder."""

import difflib
import json

from merx.bootstrap.commands.openapi import as_text
from tests.architecture.tree import ROOT
from tests.support.apps import new_app
from tests.support.stage import staged

SNAPSHOT = ROOT / "tests" / "architecture" / "openapi.json"
RENEW = "merx openapi > tests/architecture/openapi.json"
SHOWN = 60


def test_the_api_is_as_published():
    shop = new_app()
    published = SNAPSHOT.read_text()
    document = staged(shop.settings, shop).openapi()
    document["info"]["version"] = json.loads(published)["info"]["version"]
    present = as_text(document)
    changes = list(
        difflib.unified_diff(published.splitlines(), present.splitlines(), "published", "now", lineterm="", n=2)
    )
    more = [f"… and {len(changes) - SHOWN} lines more"] if len(changes) > SHOWN else []
    assert not changes, "\n".join(["the API changed; when that is meant:", f"    {RENEW}", *changes[:SHOWN], *more])


def test_operations_have_a_name_of_their_own():
    """Clients are generated with these names."""
    document = json.loads(SNAPSHOT.read_text())
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(names) == len(set(names))
    assert [name for name in names if not name[0].isupper() or not name.isalnum()] == []


def test_operations_say_in_words_what_they_do():
    """Without a summary the interactive page would show the name of a function: "Edit", "Read"."""
    document = json.loads(SNAPSHOT.read_text())
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert [each["operationId"] for each in operations if " " not in each["summary"]] == []


def test_the_key_that_checkout_needs_is_asked_for():
    document = json.loads(SNAPSHOT.read_text())
    parameters = document["paths"]["/api/v1/orders"]["post"]["parameters"]
    assert [each["required"] for each in parameters if each["name"] == "Idempotency-Key"] == [True]
