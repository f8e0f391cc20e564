"""S35: what gives rights or takes them away is done soon after a proof alone, and no right to read is one to change.

The matrix takes its expectations from the routes' own rules, so it follows a rule that was loosened. This does not.
"""

import re

import pytest

from merx.infra.settings import Settings, SettingsError
from tests.infra.http.routes import Route, routes_of
from tests.support.apps import new_app
from tests.support.stage import staged

POWERS = {"api-keys:write", "roles:write", "staff:write", "users:impersonate"}
# They end a right.
WITHOUT_PROOF = {
    "DELETE /api/v1/auth/api-keys/{key_id}",
    "DELETE /api/v1/auth/invitations/{invitation_id}",
}
# What cannot be undone, or moves money: a computer left open must not be enough. Another price asks in its use case.
GRAVE = {
    "POST /api/v1/payments/cod/collections",
    "POST /api/v1/users/{account_id}/erase",
    "POST /api/v1/approvals/{approval_id}/approve",
    "POST /api/v1/approvals/{approval_id}/reject",
}
# All that staff does with money and erasures, so that a new route is decided about.
MONEY = {"payments:write", "users:erase", "approvals:write"}
# What the owner of an account does to its ways in; the others ask in their use case, because it depends on the account.
WAYS_IN = {
    "POST /api/v1/auth/mfa/recovery-codes",
    "POST /api/v1/auth/mfa/totp",
    "DELETE /api/v1/auth/mfa/totp",
    "POST /api/v1/auth/passkeys/registration",
    "DELETE /api/v1/auth/passkeys/{passkey_id}",
    "DELETE /api/v1/auth/identities/{identity_id}",
}
# They compute something and change nothing.
READS_BY_POST = {"POST /api/v1/inventory/verify"}


@pytest.fixture(scope="module")
def changing() -> list[Route]:
    app = new_app()
    return [route for route in routes_of(staged(app.settings, app)) if route.method not in {"GET", "HEAD"}]


def test_s35_powers_are_given_soon_after_a_proof_alone(changing):
    powers = {str(route) for route in changing if route.rule.permission in POWERS}
    loose = {str(route) for route in changing if not route.rule.fresh}
    assert powers & loose == WITHOUT_PROOF
    assert powers - loose, "no such routes: this test looks at nothing"
    assert {str(route) for route in changing} >= WAYS_IN
    assert WAYS_IN & loose == set()


def test_s35_what_cannot_be_undone_is_done_soon_after_a_proof_alone(changing):
    """Calling an erasure off is the one thing among these that can be repeated."""
    found = {str(route) for route in changing if route.rule.permission in MONEY}
    assert found - GRAVE == {"DELETE /api/v1/users/{account_id}/erase"}
    assert {str(route) for route in changing if route.rule.fresh} >= GRAVE


def test_s07_a_right_to_read_changes_nothing(changing):
    reading = {str(route) for route in changing if route.rule.permission.endswith(":read")}
    assert reading == READS_BY_POST


def test_s35_a_guarded_right_that_nobody_can_hold_stops_the_start():
    """A typing error would guard nothing."""
    for rights, unknown in (
        (("staff:write", "order:write"), "order:write"),
        (("order:*", "orders:*"), "order:*"),
        (("orders:refund", "sales:write"), "orders:refund, sales:write"),
    ):
        with pytest.raises(SettingsError, match=f"MERX_SECOND_PERSON_RIGHTS .* not: {re.escape(unknown)}$"):
            new_app(Settings(storage="memory", second_person_rights=rights)).http_parts()
    new_app(Settings(storage="memory", second_person_rights=("*", "orders:*", "step-up:waive"))).http_parts()
