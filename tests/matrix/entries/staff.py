"""Roles, members of staff, invitations."""

from uuid import UUID

from merx.contexts.identity.domain.invitation import PURPOSE
from merx.infra.one_time_codes import OneTimeCodes
from tests.matrix.callers import Caller
from tests.matrix.entry import Entries, Entry, Target, at, sends
from tests.matrix.people import PASSWORD, Person
from tests.matrix.shop import Shop

_AUTH = "/api/v1/auth"
_ROLES, _STAFF, _INVITATIONS = f"{_AUTH}/roles", f"{_AUTH}/staff", f"{_AUTH}/invitations"
_NO_PROGRAM = {"differs": {Caller.key: 403}, "because": "what staff may do is looked after by people"}


def _role(shop: Shop, _: Person) -> Target:
    return at(role_id=shop.catalogue["role"])


def _colleague(shop: Shop, _: Person) -> Target:
    return at(account_id=shop.catalogue["colleague"])


async def _shut_out(shop: Shop, _: Person) -> Target:
    await shop.call("POST", f"/auth/staff/{shop.catalogue['colleague']}/disable")
    return at(account_id=shop.catalogue["colleague"])


def _invitation(shop: Shop, _: Person) -> Target:
    return at(invitation_id=shop.catalogue["invitation"])


async def _accept(shop: Shop, _: Person) -> Target:
    async with shop.app.contexts.identity.uow() as uow:
        invitation = await uow.invitations.get(UUID(shop.catalogue["invitation"]))
    code = OneTimeCodes(shop.app.infra.guest_tokens()).text(PURPOSE, invitation.code_id)
    return at({"code": code, "name": "New", "password": PASSWORD})


ENTRIES: Entries = {
    f"GET {_AUTH}/permissions": Entry(),
    f"GET {_ROLES}": Entry(),
    # Nobody gives more than they hold: these ask for what the caller with the right alone has.
    f"POST {_ROLES}": Entry(sends({"name": "New", "grants": [{"permission": "roles:write"}]}), **_NO_PROGRAM),
    f"GET {_ROLES}/{{role_id}}": Entry(_role),
    f"PATCH {_ROLES}/{{role_id}}": Entry(
        lambda shop, _: at({"grants": [{"permission": "roles:write"}]}, role_id=shop.catalogue["role"]), **_NO_PROGRAM
    ),
    f"DELETE {_ROLES}/{{role_id}}": Entry(lambda shop, _: at(role_id=shop.catalogue["free_role"]), **_NO_PROGRAM),
    f"GET {_STAFF}": Entry(),
    f"GET {_STAFF}/{{account_id}}": Entry(_colleague),
    f"PATCH {_STAFF}/{{account_id}}": Entry(
        lambda shop, _: at({"grants": [{"permission": "staff:write"}]}, account_id=shop.catalogue["colleague"]),
        **_NO_PROGRAM,
    ),
    f"POST {_STAFF}/{{account_id}}/disable": Entry(_colleague, **_NO_PROGRAM),
    f"POST {_STAFF}/{{account_id}}/enable": Entry(_shut_out, **_NO_PROGRAM),
    f"GET {_INVITATIONS}": Entry(),
    f"POST {_INVITATIONS}": Entry(
        lambda shop, _: at({"email": "invited@example.com", "roles": [shop.catalogue["role"]]}), **_NO_PROGRAM
    ),
    f"POST {_INVITATIONS}/{{invitation_id}}/resend": Entry(_invitation, **_NO_PROGRAM),
    f"DELETE {_INVITATIONS}/{{invitation_id}}": Entry(_invitation, **_NO_PROGRAM),
    f"POST {_INVITATIONS}/accept": Entry(_accept),
}
