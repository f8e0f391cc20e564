"""S35: what gives rights or takes them away is done soon after a proof alone, and no right to read is one to change.

The matrix takes its expectations from the routes' own rules, so it follows a rule that was loosened. This does not.
"""

import pytest

from tests.infra.http.hostile import Route, routes_of
from tests.support.apps import new_app
from tests.support.stage import staged

POWERS = {"api-keys:write", "roles:write", "staff:write", "users:impersonate"}
# They end a right or repeat what was sent after a proof.
WITHOUT_PROOF = {
    "DELETE /api/v1/auth/api-keys/{key_id}",
    "DELETE /api/v1/auth/invitations/{invitation_id}",
    "POST /api/v1/auth/invitations/{invitation_id}/resend",
}
# What the owner of an account does to its ways in; the others ask in their use case, because it depends on the account.
WAYS_IN = {
    "POST /api/v1/auth/mfa/recovery-codes",
    "POST /api/v1/auth/mfa/totp",
    "DELETE /api/v1/auth/mfa/totp",
    "POST /api/v1/auth/passkeys/registration",
    "DELETE /api/v1/auth/passkeys/{passkey_id}",
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


def test_s07_a_right_to_read_changes_nothing(changing):
    reading = {str(route) for route in changing if route.rule.permission.endswith(":read")}
    assert reading == READS_BY_POST
