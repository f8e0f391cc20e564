"""Many agree in the same moment, on PostgreSQL: the change happens once, and the database holds that two were there."""

import asyncio
from uuid import UUID

import asyncpg
import msgspec
import pytest

from merx.contexts.catalog.usecases.commands import EditProduct
from merx.contexts.catalog.usecases.edit_product import EDIT, EditProductHandler
from merx.infra.approvals.postgres import PostgresApprovals
from merx.kernel.actor import Actor
from merx.kernel.approvals import Approval, ApprovalOver, SecondPerson
from merx.kernel.errors import StaleVersion
from merx.kernel.ports import Transaction
from tests.contexts.approvals.conftest import Shop, person

pytestmark = pytest.mark.services

AT_ONCE = 8


@pytest.fixture
def shop(postgres_shop: Shop) -> Shop:
    return postgres_shop


class CarelessApprovals(PostgresApprovals):
    """Reads without a lock, and writes whatever somebody else has written meanwhile."""

    def __init__(self) -> None:
        self.readers = asyncio.Barrier(AT_ONCE)

    async def locked(self, tx: Transaction, approval_id: UUID) -> Approval:
        row = await tx.driver.fetchrow("select * from platform.approval where id = $1", approval_id)
        await self.readers.wait()
        return msgspec.convert(dict(row) | {"command": msgspec.json.decode(row["command"])}, Approval)

    async def save(self, tx: Transaction, approval: Approval) -> None:
        await tx.driver.execute(
            "update platform.approval set state = 'approved', decided_by = $2, decided_at = now() where id = $1",
            approval.id,
            approval.decided_by,
        )


async def decisions(approve, approval_id: UUID) -> int:
    """How many of many people at once were told that it is done."""

    async def one(by: Actor) -> bool:
        try:
            await approve(by, approval_id)
        except (ApprovalOver, StaleVersion):
            return False
        return True

    return sum(await asyncio.gather(*(one(person()) for _ in range(AT_ONCE))))


class Counting(EditProductHandler):
    """Carries out something that no version guards: so the decision alone keeps it to once."""

    __slots__ = ()

    async def approved(self, actor: Actor, approval_id: UUID) -> None:
        async with self.uow() as uow:
            approval = await self.second.approve(uow, actor, approval_id)
            await uow.tx.driver.execute(
                "update catalog.product set name = name || '!' where id = $1", approval.target_id
            )
            await uow.commit()


def counting(shop: Shop, approvals: PostgresApprovals) -> Counting:
    usual = shop.catalog.edit_product()
    return Counting(usual.uow, usual.clock, usual.limit, SecondPerson(approvals, shop.clock, 7))


async def test_s35_of_many_who_agree_at_once_one_does(shop: Shop):
    lamp = await shop.lamp()
    asked = await shop.reprice(person(), lamp, 50_00)
    assert asked is not None
    assert await decisions(shop.decide.approve, asked.approval_id) == 1
    assert await shop.price(lamp) == 50_00
    assert (await shop.trail()).count("approvals.approval-given") == 1
    assert (await shop.product(lamp.id)).version == lamp.version + 1


async def test_s35_the_decision_itself_is_made_once(shop: Shop):
    lamp = await shop.lamp()
    asked = await shop.reprice(person(), lamp, 50_00)
    assert asked is not None
    assert await decisions(counting(shop, PostgresApprovals()).approved, asked.approval_id) == 1
    assert (await shop.product(lamp.id)).name == "Lamp!"


async def test_s35_the_control_without_the_lock_it_is_made_many_times(shop: Shop):
    lamp = await shop.lamp()
    asked = await shop.reprice(person(), lamp, 50_00)
    assert asked is not None
    assert await decisions(counting(shop, CarelessApprovals()).approved, asked.approval_id) > 1
    assert (await shop.product(lamp.id)).name.count("!") > 1


async def test_s35_the_database_refuses_one_person_for_both(shop: Shop, database_url: str):
    ada = person()
    asked = await shop.reprice(ada, await shop.lamp(), 50_00)
    assert asked is not None
    connection = await asyncpg.connect(database_url)
    decide = "update platform.approval set state = $2, decided_by = $3, decided_at = now() where id = $1"
    with pytest.raises(asyncpg.CheckViolationError, match="two_people"):
        await connection.execute(decide, asked.approval_id, "approved", ada.account_id)
    with pytest.raises(asyncpg.CheckViolationError, match="decided"):
        await connection.execute(decide, asked.approval_id, "approved", None)
    await connection.execute(decide, asked.approval_id, "approved", person().account_id)
    await connection.close()


async def test_s35_an_edit_beside_the_decision_leaves_one_of_both(shop: Shop):
    """Whoever comes second finds another version than the one it is about."""
    lamp = await shop.lamp()
    asked = await shop.reprice(person(), lamp, 50_00)
    assert asked is not None
    edit = EditProduct(description="Other")
    done = await asyncio.gather(
        shop.catalog.edit_product()(person(), lamp.id, edit, lamp.version),
        shop.catalog.edit_product().approved(person(), asked.approval_id),
        return_exceptions=True,
    )
    assert [type(each) for each in done if each is not None] == [StaleVersion]
    assert asked.kind == EDIT.name
