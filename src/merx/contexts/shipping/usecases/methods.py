"""Staff say how parcels travel into a zone."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from merx.contexts.shipping.domain.errors import InvalidMethod, MethodInUse
from merx.contexts.shipping.domain.method import Method
from merx.contexts.shipping.ports.repositories import ShippingUowFactory
from merx.contexts.shipping.usecases.rules import CurrentRules
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, pictured
from merx.kernel.edits import same_version, set_given
from merx.kernel.errors import FieldError
from merx.kernel.ids import new_id
from merx.kernel.model import Command
from merx.kernel.text import Name, Slug

Days = Annotated[int, msgspec.Meta(ge=0, le=365, description="working days until delivery")]


class CreateMethod(Command, frozen=True):
    zone_id: UUID
    code: Slug
    name: Name
    days_min: Days
    days_max: Days
    active: bool = True


class ChangeMethod(Command, frozen=True):
    name: Name | UnsetType = UNSET
    days_min: Days | UnsetType = UNSET
    days_max: Days | UnsetType = UNSET
    active: bool | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class CreateMethodHandler:
    """Raises InvalidMethod, MethodCodeTaken."""

    uow: ShippingUowFactory
    rules: CurrentRules

    async def __call__(self, actor: Actor, cmd: CreateMethod) -> Method:
        method = Method(
            id=new_id(),
            zone_id=cmd.zone_id,
            code=cmd.code,
            name=cmd.name,
            days_min=cmd.days_min,
            days_max=cmd.days_max,
            active=cmd.active,
        )
        method.settle()
        async with self.uow() as uow:
            if not await uow.zones.find((cmd.zone_id,)):
                raise InvalidMethod("no such zone", fields=(FieldError("zone_id", "is no zone"),))
            await uow.methods.add(method)
            uow.record(AuditEntry.of(actor, "shipping.method-created", method))
            await uow.commit()
        self.rules.forget()
        return method


@dataclass(frozen=True, slots=True)
class ChangeMethodHandler:
    """Raises MethodNotFound, StaleVersion, InvalidMethod."""

    uow: ShippingUowFactory
    rules: CurrentRules

    async def __call__(self, actor: Actor, method_id: UUID, cmd: ChangeMethod, version: int | None = None) -> Method:
        async with self.uow() as uow:
            method = await uow.methods.get(method_id)
            same_version(method, version)
            before = pictured(method)
            set_given(method, cmd)
            method.settle()
            await uow.methods.save(method)
            uow.record(AuditEntry.of(actor, "shipping.method-changed", method, before=before))
            await uow.commit()
        self.rules.forget()
        return method


@dataclass(frozen=True, slots=True)
class RemoveMethodHandler:
    """Only a method without rates goes; carts that chose it are told. Raises MethodNotFound, MethodInUse."""

    uow: ShippingUowFactory
    rules: CurrentRules

    async def __call__(self, actor: Actor, method_id: UUID, version: int | None = None) -> None:
        async with self.uow() as uow:
            method = await uow.methods.get(method_id)
            same_version(method, version)
            if await uow.has_rates(method_id):
                raise MethodInUse
            await uow.methods.remove(method)
            uow.record(AuditEntry.of(actor, "shipping.method-removed", method, gone=True))
            await uow.commit()
        self.rules.forget()
