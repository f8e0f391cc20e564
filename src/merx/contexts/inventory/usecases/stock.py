"""Count stock in and out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from msgspec import Meta
from msgspec.structs import replace

from merx.contexts.inventory.domain.errors import UnknownLocation, UnknownVariant
from merx.contexts.inventory.domain.location import Location
from merx.contexts.inventory.domain.stock import Movement, MovementKind, Shelf, Stock
from merx.contexts.inventory.domain.write_off import Variant, WriteOffLimit
from merx.contexts.inventory.events import StockChanged, StockLevel, StockReturned
from merx.contexts.inventory.ports.repositories import InventoryUow, InventoryUowFactory
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.approvals import Asked, Kind, SecondPerson
from merx.kernel.audit import AuditEntry, facts
from merx.kernel.errors import FieldError, Invalid
from merx.kernel.ids import new_id
from merx.kernel.model import Command
from merx.kernel.ports import Clock
from merx.kernel.text import LINE, Code, Name

MAX_UNITS = 10_000_000
WRITE_OFF = Kind("inventory.write-off", "inventory:write")
_Reason = Annotated[str, Meta(min_length=1, max_length=200, pattern=LINE)]


class AdjustStock(Command, frozen=True):
    """A correction by `delta` units, never an absolute number: sales go on while staff counts."""

    variant_id: UUID
    delta: Annotated[int, Meta(ge=-MAX_UNITS, le=MAX_UNITS)]
    reason: _Reason
    location_id: UUID | None = None


class ReceiveStock(Command, frozen=True):
    variant_id: UUID
    quantity: Annotated[int, Meta(ge=1, le=MAX_UNITS)]
    reference: Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*\Z")] = ""
    location_id: UUID | None = None


class CreateLocation(Command, frozen=True):
    code: Code
    name: Name
    priority: Annotated[int, Meta(ge=0, le=1000)] = 0


def _kept(shelf: Shelf, variant_id: UUID, location_id: UUID | None) -> list[Stock]:
    return [row for row in shelf.rows(variant_id) if location_id in (None, row.location_id)]


def _row(shelf: Shelf, variant_id: UUID, location_id: UUID | None) -> Stock:
    if not (rows := _kept(shelf, variant_id, location_id)):
        raise UnknownVariant
    return rows[0]


@dataclass(frozen=True, slots=True)
class _Counted:
    """One row of the shelf, changed by `delta` and not written."""

    shelf: Shelf
    row: Stock
    delta: int


@dataclass(frozen=True, slots=True)
class CountStockHandler:
    uow: InventoryUowFactory
    clock: Clock
    limit: WriteOffLimit
    second: SecondPerson

    async def adjust(self, actor: Actor, cmd: AdjustStock) -> Asked | None:
        """Beyond the limit nothing changes, and the answer is what another person has to agree to.

        Raises UnknownVariant, UnknownLocation, BelowPromised, and BeyondLimit at a location of others.
        """
        if cmd.delta == 0:
            raise Invalid("nothing to adjust", fields=(FieldError("delta", "must not be 0"),))
        async with self.uow() as uow:
            counted = await self._counted(uow, actor, cmd.variant_id, cmd.location_id, cmd.delta)
            asked = None
            if await self._too_much(uow, actor, cmd, counted.row.location_id):
                about = Variant(id=cmd.variant_id, version=counted.row.sequence)
                there = replace(cmd, location_id=counted.row.location_id)
                asked = await self.second.ask(uow, actor, WRITE_OFF, about, there)
            else:
                await self._write(uow, actor, counted, MovementKind.adjusted, cmd.reason)
            await uow.commit()
        return asked

    async def approved(self, actor: Actor, approval_id: UUID) -> None:
        """What another person asked for. Raises BelowPromised when the goods were sold meanwhile."""
        async with self.uow() as uow:
            approval = await self.second.approve(uow, actor, approval_id)
            cmd = approval.cmd(AdjustStock)
            counted = await self._counted(uow, actor, cmd.variant_id, cmd.location_id, cmd.delta)
            await self._write(uow, actor, counted, MovementKind.adjusted, cmd.reason, cause=approval.id)
            await uow.commit()

    async def receive(self, actor: Actor, cmd: ReceiveStock) -> None:
        """Goods that came in. Raises UnknownVariant, UnknownLocation, BeyondLimit."""
        async with self.uow() as uow:
            counted = await self._counted(uow, actor, cmd.variant_id, cmd.location_id, cmd.quantity)
            await self._write(uow, actor, counted, MovementKind.received, cmd.reference)
            await uow.commit()

    async def _counted(
        self, uow: InventoryUow, actor: Actor, variant_id: UUID, location_id: UUID | None, delta: int
    ) -> _Counted:
        if location_id is not None:
            # Before anything is looked up: what is elsewhere is no business of this actor.
            actor.must_may("inventory:write", location=location_id)
            await self._check_location(uow, location_id)
        shelf = await uow.stock.lock([variant_id])
        if location_id is not None and variant_id in shelf and not _kept(shelf, variant_id, location_id):
            await uow.stock.open([variant_id], location_id)
            shelf = await uow.stock.lock([variant_id])
        row = _row(shelf, variant_id, location_id)
        actor.must_may("inventory:write", location=row.location_id)
        row.adjust(delta)
        return _Counted(shelf, row, delta)

    async def _too_much(self, uow: InventoryUow, actor: Actor, cmd: AdjustStock, location_id: UUID) -> bool:
        if not self.limit.units or cmd.delta > 0 or actor.kind is ActorKind.system:
            return False
        return self.limit.exceeded(cmd.delta, await uow.stock.written_off(cmd.variant_id, location_id))

    async def _write(
        self, uow: InventoryUow, actor: Actor, counted: _Counted, kind: str, reason: str, cause: UUID | None = None
    ) -> None:
        shelf, row, delta = counted.shelf, counted.row, counted.delta
        shelf.touch(row)
        movement = Movement(
            variant_id=row.variant_id,
            location_id=row.location_id,
            kind=kind,
            on_hand=delta,
            reason=reason,
            actor=str(actor),
            cause=cause,
        )
        await uow.stock.write(shelf, [movement])
        uow.emit(*shelf.events(self.clock))
        uow.record(
            AuditEntry(
                actor=actor,
                action=f"inventory.stock-{kind}",
                target="variant",
                target_id=row.variant_id,
                changes=facts(on_hand=delta, location_id=row.location_id, reason=reason),
            )
        )

    async def _check_location(self, uow: InventoryUow, location_id: UUID) -> None:
        found = await uow.locations.find([location_id])
        if not found or not found[0].active:
            raise UnknownLocation

    async def open_with(self, units: Mapping[UUID, int]) -> int:
        """First stock of variants that were never counted; the others stay as they are.

        Returns how many that were. Importing the same catalogue again changes nothing.
        """
        if not units:
            return 0
        async with self.uow() as uow:
            new = {variant_id for variant_id in await uow.stock.start(units) if units[variant_id]}
            # Somebody else may have started to keep stock of them, at zero, since they were published.
            known = [variant_id for variant_id in units if units[variant_id] and variant_id not in new]
            waiting = sorted(await uow.stock.uncounted(known))
            shelf = await uow.stock.lock(waiting)
            late = [id for id in waiting if shelf.rows(id) and shelf.never_counted(id)]
            if late:
                await uow.stock.write(shelf, [shelf.receive_first(id, units[id]) for id in late])
                uow.emit(*shelf.events(self.clock))
            if new:
                now = self.clock.now()
                first = tuple(sorted(new))
                uow.emit(
                    StockChanged(at=now, levels=tuple(StockLevel(id, units[id], sequence=1) for id in first)),
                    StockReturned(at=now, variant_ids=first),
                )
            await uow.commit()
        return len(new) + len(late)

    async def create_location(self, actor: Actor, cmd: CreateLocation) -> UUID:
        """Raises LocationTaken."""
        location = Location(id=new_id(), code=cmd.code, name=cmd.name, priority=cmd.priority)
        async with self.uow() as uow:
            await uow.locations.add(location)
            uow.record(AuditEntry.of(actor, "inventory.location-created", location))
            await uow.commit()
        return location.id
