"""What waits for a second person."""

from uuid import UUID

from merx.contexts.catalog.usecases.commands import EditProduct
from merx.contexts.catalog.usecases.edit_product import EDIT
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.approvals import Kind
from merx.kernel.ids import new_id
from tests.matrix.callers import Caller
from tests.matrix.entry import Entries, Entry, Target, at
from tests.matrix.people import Person
from tests.matrix.shop import Shop

_APPROVALS = "/api/v1/approvals"
_NO_PROGRAM = {"differs": {Caller.key: 403}, "because": "above the limit of the shop people decide"}
# Whoever agrees needs the right for the thing too: here it is the one of the route, which the callers have.
_KIND = Kind(EDIT.name, "approvals:write")


async def _asked(shop: Shop) -> str:
    """Something that somebody else asked for."""
    somebody = Actor(kind=ActorKind.staff, account_id=new_id())
    async with shop.app.contexts.catalog.uow() as uow:
        product = await uow.products.get(UUID(shop.catalogue["product"]))
        asked = await shop.app.infra.second_person().ask(uow, somebody, _KIND, product, EditProduct(description="New"))
        await uow.commit()
    return str(asked.approval_id)


async def _one(shop: Shop, _: Person) -> Target:
    return at(approval_id=await _asked(shop))


async def _refused(shop: Shop, _: Person) -> Target:
    return at({"reason": "no"}, approval_id=await _asked(shop))


ENTRIES: Entries = {
    f"GET {_APPROVALS}": Entry(),
    f"GET {_APPROVALS}/{{approval_id}}": Entry(_one),
    f"POST {_APPROVALS}/{{approval_id}}/approve": Entry(_one, **_NO_PROGRAM),
    f"POST {_APPROVALS}/{{approval_id}}/reject": Entry(_refused, **_NO_PROGRAM),
}
