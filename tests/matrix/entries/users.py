"""Profiles, address books, consents, groups."""

from tests.matrix.callers import PROGRAMS, Caller
from tests.matrix.entry import Entries, Entry, Target, at, sends
from tests.matrix.people import Person, postal_address
from tests.matrix.shop import Shop

_USERS = "/api/v1/users"
_ME = f"{_USERS}/me"
_GROUPS = f"{_USERS}/groups"
_NO_PROFILE = {"differs": dict.fromkeys(PROGRAMS, 404), "because": "a program has no profile"}


def _address(_: Shop, person: Person) -> Target:
    return at(address_id=person.address_id)


def _person(_: Shop, person: Person) -> Target:
    return at(account_id=person.account_id)


def _group(shop: Shop, _: Person) -> Target:
    return at(group_id=shop.catalogue["group"])


def _member(shop: Shop, person: Person) -> Target:
    return at(group_id=shop.catalogue["group"], account_id=person.account_id)


async def _joined(shop: Shop, person: Person) -> Target:
    await shop.call("PUT", f"/users/groups/{shop.catalogue['group']}/members/{person.account_id}")
    return _member(shop, person)


ENTRIES: Entries = {
    f"GET {_ME}": Entry(**_NO_PROFILE),
    f"PATCH {_ME}": Entry(sends({"phone": "+12025550100"}), **_NO_PROFILE),
    f"GET {_ME}/addresses": Entry(),
    f"POST {_ME}/addresses": Entry(sends({"address": postal_address("Someone", "1 New Street")})),
    f"GET {_ME}/addresses/{{address_id}}": Entry(_address),
    f"PATCH {_ME}/addresses/{{address_id}}": Entry(lambda _, person: at({"label": "x"}, address_id=person.address_id)),
    f"DELETE {_ME}/addresses/{{address_id}}": Entry(_address),
    f"GET {_ME}/consents": Entry(),
    f"POST {_ME}/consents": Entry(sends({"purpose": "analytics", "granted": False})),
    f"GET {_ME}/consents/history": Entry(),
    f"GET {_USERS}": Entry(),
    f"GET {_USERS}/{{account_id}}": Entry(_person),
    f"PATCH {_USERS}/{{account_id}}": Entry(
        lambda _, person: at({"phone": "+12025550100"}, account_id=person.account_id)
    ),
    f"GET {_USERS}/{{account_id}}/timeline": Entry(_person),
    f"POST {_USERS}/{{account_id}}/impersonate": Entry(
        lambda _, person: at({"reason": "ticket 1"}, account_id=person.account_id),
        differs={Caller.key: 403},
        because="people act in the place of people",
    ),
    f"GET {_GROUPS}": Entry(),
    f"POST {_GROUPS}": Entry(sends({"code": "new", "name": "New"})),
    f"GET {_GROUPS}/{{group_id}}": Entry(_group),
    f"PATCH {_GROUPS}/{{group_id}}": Entry(lambda shop, _: at({"name": "x"}, group_id=shop.catalogue["group"])),
    f"DELETE {_GROUPS}/{{group_id}}": Entry(_group),
    f"PUT {_GROUPS}/{{group_id}}/members/{{account_id}}": Entry(_member),
    f"DELETE {_GROUPS}/{{group_id}}/members/{{account_id}}": Entry(_joined),
}
