"""What can be granted at all, and by whom."""

from collections.abc import Iterable

from merx.contexts.identity.domain.errors import MoreThanOwn, UnknownPermission
from merx.contexts.identity.ports.api_keys import PermissionNames
from merx.kernel.rights import Grant, InvalidGrant, Rights, rights_of


def checked(grants: Iterable[Grant], permissions: PermissionNames) -> tuple[str, ...]:
    """As text, each once. Raises UnknownPermission for what no route asks for, InvalidGrant for a limit likewise."""
    known = permissions.known()
    areas = {f"{name.partition(':')[0]}:*" for name in known} | {"*"}
    found = set()
    for grant in grants:
        grant.check()
        if grant.permission not in known and grant.permission not in areas:
            raise UnknownPermission(f"no route knows {grant.permission}")
        if grant.limits - permissions.limits(grant.permission):
            raise InvalidGrant(f"{grant.permission} has no such limit")
        found.add(grant.text())
    return tuple(sorted(found))


def must_hold_all(held: Rights, wanted: Iterable[str]) -> None:
    """The one rule of granting: nobody gives more than they have, limits and denials included. Raises MoreThanOwn."""
    if beyond := rights_of(frozenset(wanted)).beyond(held):
        raise MoreThanOwn(f"you do not hold {', '.join(beyond)} yourself, or not so far")
