"""Who changes what others may do, and the rule for it.

Rights are changed one at a time, and everything is judged by what holds in that transaction. Whoever changes the rights
of somebody must hold everything that this person held before and holds after: so nobody gives more than they have,
lifts a denial from themselves, or takes something from those above them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.errors import LastOwner, UnknownRole
from merx.contexts.identity.domain.role import OWNER, Role
from merx.contexts.identity.ports.repositories import IdentityUow
from merx.contexts.identity.usecases.grants import must_hold_all
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.errors import FieldError, Forbidden
from merx.kernel.rights import Rights, rights_of

ALL_STAFF = "staff-rights"
"""Every process forgets what every member of staff may do, and looks again."""


def staff_tag(account_id: UUID) -> str:
    return f"{ALL_STAFF}:{account_id}"


@dataclass(frozen=True, slots=True)
class Grantor:
    """`own` is what the account holds now, `shown` what the caller's token gives it, which may be less."""

    id: UUID
    own: Rights
    shown: Rights

    def must_hold_all(self, wanted: Iterable[str]) -> None:
        """Raises MoreThanOwn."""
        texts = tuple(wanted)
        must_hold_all(self.shown, texts)
        must_hold_all(self.own, texts)


async def grantor(uow: IdentityUow, actor: Actor) -> Grantor:
    """Waits for its turn. Raises Forbidden for callers that are no people, and for those that are out meanwhile."""
    if actor.kind is not ActorKind.staff or actor.account_id is None:
        raise Forbidden("what staff may do is looked after by people")
    await uow.roles.take_turn()
    found = await uow.accounts.find((actor.account_id,))
    if not found or not found[0].is_active:
        raise Forbidden("your account is not open any more")
    return Grantor(found[0].id, rights_of(frozenset(await held_by(uow, found[0]))), actor.rights)


async def held_by(uow: IdentityUow, account: Account) -> set[str]:
    """Of its roles and by itself, as text."""
    return grants_of(await uow.roles.find(account.role_ids)) | set(account.permissions)


def grants_of(roles: Iterable[Role]) -> set[str]:
    return {grant for role in roles for grant in role.grants}


async def known_roles(uow: IdentityUow, role_ids: tuple[UUID, ...]) -> list[Role]:
    """Raises UnknownRole."""
    found = await uow.roles.find(role_ids)
    missing = sorted(set(role_ids) - {role.id for role in found})
    if missing:
        raise UnknownRole(f"no role {missing[0]}", fields=(FieldError("roles", f"there is no role {missing[0]}"),))
    return found


async def must_leave_an_owner(uow: IdentityUow, besides: UUID) -> None:
    """Raises LastOwner unless another account that is open has the shop."""
    if not any(account.is_active and account.id != besides for account in await uow.accounts.holders(OWNER)):
        raise LastOwner
