"""Which rights that somebody gains are guarded."""

import pytest

from merx.contexts.identity.domain.guarded_rights import GuardedRights


@pytest.mark.parametrize(
    ("guarded", "before", "after", "gained"),
    [
        ("", "", "*", []),
        ("*", "", "", []),
        ("*", "", "orders:read", ["orders:read"]),
        ("*", "orders:*", "orders:read", []),
        ("*", "*", "*", []),
        # A denial that is lifted, and a limit that is raised, are gained too.
        ("*", "* !orders:read", "*", ["orders:read"]),
        ("staff:write", "", "staff:read", []),
        ("staff:write", "", "staff:write", ["staff:write"]),
        ("staff:write", "", "staff:*", ["staff:*"]),
        ("staff:write", "", "*", ["*"]),
        ("staff:*", "", "staff:read orders:read", ["staff:read"]),
        ("staff:* roles:write", "orders:*", "orders:* roles:read", []),
        ("staff:write", "*", "staff:write", []),
    ],
)
def test_s35_what_is_gained_and_guarded(guarded: str, before: str, after: str, gained: list[str]):
    found = GuardedRights(tuple(guarded.split())).gained(before.split(), after.split())
    assert found == gained
