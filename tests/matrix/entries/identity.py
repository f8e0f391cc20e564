"""Accounts, sessions, API keys."""

from merx.contexts.identity.domain.one_time_code import CodePurpose
from tests.matrix.callers import CUSTOMERS, GUESTS, PROGRAMS, STAFF, Caller
from tests.matrix.entry import Entries, Entry, Target, at, sends
from tests.matrix.people import PASSWORD, Person
from tests.matrix.shop import Shop

_AUTH = "/api/v1/auth"
_KEYS = f"{_AUTH}/api-keys"
_PEOPLE = {"differs": dict.fromkeys(PROGRAMS, 401), "because": "only people have sessions, passwords and e-mails"}
_NO_PROGRAM = {"differs": {Caller.key: 403}, "because": "a key that makes keys outlives itself"}


async def _verify(shop: Shop, person: Person) -> Target:
    return at({"code": await shop.code(CodePurpose.verify_email, person.account_id)})


async def _reset(shop: Shop, person: Person) -> Target:
    return at({"code": await shop.code(CodePurpose.reset_password, person.account_id), "password": f"new {PASSWORD}"})


async def _confirm(shop: Shop, person: Person) -> Target:
    return at({"code": await shop.code(CodePurpose.change_email, person.account_id, "new@example.com")})


def _email(_: Shop, person: Person) -> Target:
    return at({"email": person.email})


def _refresh_token(_: Shop, person: Person) -> Target:
    return at({"refresh_token": person.refresh_token})


def _key(shop: Shop, _: Person) -> Target:
    return at(key_id=shop.catalogue["api_key"])


ENTRIES: Entries = {
    f"POST {_AUTH}/register": Entry(sends({"email": "new@example.com", "password": PASSWORD, "name": "New"})),
    f"POST {_AUTH}/login": Entry(lambda _, person: at({"email": person.email, "password": PASSWORD})),
    # Whoever holds the secret of a session speaks for it.
    f"POST {_AUTH}/refresh": Entry(_refresh_token),
    f"POST {_AUTH}/logout": Entry(_refresh_token),
    f"GET {_AUTH}/sessions": Entry(**_PEOPLE),
    f"DELETE {_AUTH}/sessions/{{session_id}}": Entry(lambda _, person: at(session_id=person.session_id), **_PEOPLE),
    f"POST {_AUTH}/logout-all": Entry(**_PEOPLE),
    f"POST {_AUTH}/password/forgot": Entry(_email),
    f"POST {_AUTH}/verify-email/resend": Entry(_email),
    f"POST {_AUTH}/password/reset": Entry(_reset),
    f"POST {_AUTH}/verify-email": Entry(_verify),
    f"POST {_AUTH}/email/change": Entry(sends({"email": "new@example.com", "password": PASSWORD}), **_PEOPLE),
    f"POST {_AUTH}/password/change": Entry(
        sends({"present_password": PASSWORD, "new_password": f"new {PASSWORD}"}), **_PEOPLE
    ),
    f"POST {_AUTH}/email/confirm": Entry(
        _confirm,
        differs=dict.fromkeys(PROGRAMS, 401) | dict.fromkeys([Caller.other, *STAFF], 400),
        because="a code of somebody else is no code",
    ),
    # The staff of this shop has tokens without a session, as `merx token` makes them.
    f"GET {_AUTH}/csrf": Entry(differs=dict.fromkeys((*GUESTS, *STAFF, *PROGRAMS), 401), because="there is no session"),
    f"GET {_AUTH}/jwks.json": Entry(),
    f"GET {_KEYS}": Entry(),
    f"GET {_KEYS}/current": Entry(
        differs=dict.fromkeys([*CUSTOMERS, *STAFF, Caller.nobodys_key], 403),
        because="only a key can ask about the key it shows",
    ),
    f"GET {_KEYS}/{{key_id}}": Entry(_key),
    # Nobody hands out more than they hold.
    f"POST {_KEYS}": Entry(sends({"name": "till", "scopes": ["api-keys:write"]}), **_NO_PROGRAM),
    f"POST {_KEYS}/{{key_id}}/rotate": Entry(lambda shop, _: at({}, key_id=shop.catalogue["api_key"]), **_NO_PROGRAM),
    f"DELETE {_KEYS}/{{key_id}}": Entry(_key, **_NO_PROGRAM),
}
