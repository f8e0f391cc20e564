"""What tests about roles, staff and invitations share."""

from merx.contexts.identity.adapters.memory_invitations import MemoryInvitationQueries
from merx.contexts.identity.adapters.memory_roles import MemoryRoleQueries, MemoryStaffQueries
from merx.contexts.identity.adapters.postgres_invitations import PostgresInvitationQueries
from merx.contexts.identity.adapters.postgres_roles import PostgresRoleQueries, PostgresStaffQueries
from merx.contexts.identity.domain.account import AccountKind
from merx.contexts.identity.domain.invitation import PURPOSE
from merx.contexts.identity.domain.role import OWNER
from merx.contexts.identity.events import StaffInvited
from merx.contexts.identity.ports.invitations import InvitationQueries
from merx.contexts.identity.ports.roles import RoleQueries
from merx.contexts.identity.ports.staff import StaffQueries
from merx.contexts.identity.usecases.accept_invitation import AcceptInvitation
from merx.contexts.identity.usecases.invitations import InviteStaff
from merx.contexts.identity.usecases.roles import CreateRole
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.rights import Grant
from tests.contexts.identity.conftest import PASSWORD
from tests.contexts.identity.journeys import code

ROLE_QUERIES: list[type[RoleQueries]] = [MemoryRoleQueries, PostgresRoleQueries]
STAFF_QUERIES: list[type[StaffQueries]] = [MemoryStaffQueries, PostgresStaffQueries]
INVITATION_QUERIES: list[type[InvitationQueries]] = [MemoryInvitationQueries, PostgresInvitationQueries]
READ_ORDERS = Grant(permission="orders:read")
VISITOR = Actor.anonymous("r-1")


async def owner_of(shop, email="owner@example.com"):
    ensure = shop.container.ensure_account()
    account_id = await ensure(email, "Olga Owner", AccountKind.staff, (), PASSWORD, (OWNER,))
    return Actor(kind=ActorKind.staff, account_id=account_id, permissions=frozenset({"*"}))


def roles(shop):
    return shop.container.look_after_roles()


def staff(shop):
    return shop.container.look_after_staff()


def invitations(shop):
    return shop.container.look_after_invitations()


async def a_role(shop, owner, name="Clerk", *grants):
    return await roles(shop).create(owner, CreateRole(name=name, grants=grants or (READ_ORDERS,)))


async def invited(shop, email="new@example.com", role_id=None):
    """The owner, the invitation and the text of its code."""
    owner = await owner_of(shop)
    role_id = role_id or await a_role(shop, owner)
    shop.events.clear()
    invitation_id = await invitations(shop).invite(owner, InviteStaff(email=email, roles=(role_id,)))
    return owner, invitation_id, mailed(shop)


def mailed(shop):
    (event,) = [event for event in shop.events if isinstance(event, StaffInvited)]
    shop.events.clear()
    return event.code_id and code(shop, PURPOSE, event.code_id)


def accept(shop, text, name="Nina New"):
    handler = shop.container.accept_invitation()
    return handler(VISITOR, AcceptInvitation(code=text, name=name, password=PASSWORD))


async def state(shop, invitation_id):
    return (await shop.container.invitation_queries().one(shop.clock.now(), invitation_id)).state
