"""What answers of the matrix have that they should not have: fields that nobody published, and secrets."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from merx.kernel.audit import HIDDEN
from tests.matrix.fields import FOR_STAFF, good_answers, operations, undeclared
from tests.matrix.play import Heard

SECRET_NAME = re.compile(
    r"password|passwd|hash|secret|digest|salt|cost|private|token|otp|cvv|card|\A(api_)?key\Z", re.I
)
SECRET_VALUE = re.compile(rb"argon2|mx_sk_[0-9A-Za-z]{40}|mx_rt_|mx_otc_|BEGIN [A-Z ]*PRIVATE")
A_VALUE = "a value like a secret"
# The routes that are there to hand out a token, and names that only sound like a secret. A new one says why here.
HANDED_OUT: dict[str, set[str]] = {
    "POST /api/v1/auth/login": {"access_token", "refresh_token", "token_type", A_VALUE},
    "POST /api/v1/auth/refresh": {"access_token", "refresh_token", "token_type", A_VALUE},
    "POST /api/v1/auth/oidc/exchange": {"access_token", "refresh_token", "token_type", A_VALUE},
    "GET /api/v1/auth/csrf": {"csrf_token"},
    "POST /api/v1/auth/api-keys": {"key", "api_key", A_VALUE},
    "POST /api/v1/auth/api-keys/{key_id}/rotate": {"key", "api_key", A_VALUE},
    "POST /api/v1/auth/mfa/challenge": {"access_token", "refresh_token", "token_type", A_VALUE},
    "POST /api/v1/auth/passkeys/login": {"access_token", "refresh_token", "token_type", A_VALUE},
    "POST /api/v1/auth/step-up": {"access_token", "token_type"},
    "POST /api/v1/auth/mfa/totp": {"secret"},
    "POST /api/v1/users/{account_id}/impersonate": {"token", A_VALUE},
    # Whether there is one.
    "GET /api/v1/auth/mfa": {"totp"},
    # A guest's cart and order.
    "POST /api/v1/carts": {"token"},
    "POST /api/v1/orders": {"token"},
    # The chain of the trail.
    "GET /api/v1/audit": {"hash"},
    "GET /api/v1/audit/verify": {"head_hash"},
}


def keys_in(value: Any) -> Iterator[str]:
    """Of everything that has a value; the audit trail tells that a secret changed, and not what it is."""
    if isinstance(value, dict):
        yield from (key for key, inner in value.items() if not _masked(inner))
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from keys_in(inner)


def _masked(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value) and all(map(_masked, value.values()))
    return value in (None, HIDDEN)


def secrets_in(heard: Iterable[Heard], allowed: dict[str, set[str]] = HANDED_OUT) -> dict[str, set[str]]:
    """By route, what sounds or looks like a secret and is not allowed there."""
    found: dict[str, set[str]] = {}
    for each in heard:
        if each.answer.body[:2].startswith((b"{", b"[{")) and "/schema" not in each.route:
            names = {key for key in keys_in(each.answer.json()) if SECRET_NAME.search(key)}
            names |= {A_VALUE} if SECRET_VALUE.search(each.answer.body) else set()
            found.setdefault(each.route, set()).update(names - allowed.get(each.route, set()))
    return {route: names for route, names in found.items() if names}


def beyond_the_document(heard: Iterable[Heard]) -> list[str]:
    """Fields that the OpenAPI document does not know, or not for this caller."""
    published = dict(operations())
    found = set()
    for each in heard:
        # A file is no JSON: what is in an export is looked through by its own tests.
        shown = each.answer.body and each.answer.header("content-type") != "application/zip"
        if each.route in published and 200 <= each.answer.status < 300 and shown:
            schemas = good_answers(published[each.route], each.answer.status)
            hidden = {name for name, readers in FOR_STAFF.items() if each.caller not in readers}
            found |= {f"{each.route}, {each.caller}: {key}" for key in undeclared(each.answer.json(), schemas, hidden)}
    return sorted(found)
