"""S18: SQL that is put together of text is an error of the linter, and each place that is excused is known.

What the linter lets pass is attacked in `test_s18_sql.py`, on a database.
"""

import re
import tomllib

from tests.architecture.tree import ROOT

RULE = "S608"
# Each puts together what stands in the source: names of columns, conditions that are written out.
EXCUSED = {
    "merx/contexts/carts/adapters/personal_data.py",
    "merx/contexts/identity/adapters/postgres_invitations.py",
    "merx/contexts/identity/adapters/postgres_roles.py",
    "merx/contexts/orders/adapters/personal_data.py",
    "merx/contexts/payments/adapters/personal_data.py",
    "merx/contexts/users/adapters/postgres/queries.py",
    "merx/infra/idempotency/postgres.py",
    "merx/infra/invariants.py",
    "merx/infra/outbox/invariants.py",
    "merx/infra/outbox/postgres_deliveries.py",
    "merx/infra/postgres/later.py",
    "merx/infra/personal_data/platform.py",
    "merx/infra/personal_data/postgres.py",
    "merx/infra/postgres/email_keys.py",
    "merx/migrations/versions/0027_emails_in_one_form.py",
    "merx/migrations/versions/0033_email_keys_filled.py",
}


def test_s18_sql_made_of_text_is_an_error_of_the_linter():
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert {"S", RULE} & set(lint["select"])
    assert not {"S", "S6", RULE} & set(lint["ignore"])
    loose = {files for files, rules in lint["per-file-ignores"].items() if {"S", "S6", RULE} & set(rules)}
    assert loose == {"tests/**"}


def test_s18_every_excuse_is_known_and_says_why():
    found, silent = set(), []
    for path in (ROOT / "src").rglob("*.py"):
        for line in path.read_text().splitlines():
            if "noqa" not in line or (RULE not in line and re.search(r"noqa: *[A-Z]", line)):
                continue
            found.add(str(path.relative_to(ROOT / "src")))
            if not re.search(rf"noqa: {RULE} - \w+", line):
                silent.append(f"{path.name}: {line.strip()}")
    assert silent == []
    assert found == EXCUSED
