"""Staff say what a method costs."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from merx.contexts.shipping.domain.errors import InvalidRate
from merx.contexts.shipping.domain.rate import Basis, Rate, Tiers
from merx.contexts.shipping.ports.repositories import ShippingUowFactory
from merx.contexts.shipping.usecases.rules import CurrentRules
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, pictured
from merx.kernel.edits import same_version, set_given
from merx.kernel.errors import FieldError
from merx.kernel.ids import new_id
from merx.kernel.model import Command
from merx.kernel.money import MAX_AMOUNT, CurrencyCode

FreeFrom = Annotated[int, Meta(ge=0, le=MAX_AMOUNT, description="value of goods that travels free, minor units")]


class CreateRate(Command, frozen=True):
    """A flat rate is one tier without `up_to`."""

    method_id: UUID
    currency: CurrencyCode
    tiers: Tiers
    basis: Basis = Basis.flat
    free_from: FreeFrom | None = None


class ChangeRate(Command, frozen=True):
    basis: Basis | UnsetType = UNSET
    tiers: Tiers | UnsetType = UNSET
    free_from: FreeFrom | UnsetType | None = UNSET


@dataclass(frozen=True, slots=True)
class CreateRateHandler:
    """Raises InvalidRate, UnknownCurrency, RateTaken."""

    uow: ShippingUowFactory
    rules: CurrentRules

    async def __call__(self, actor: Actor, cmd: CreateRate) -> Rate:
        rate = Rate(
            id=new_id(),
            method_id=cmd.method_id,
            currency=cmd.currency,
            basis=cmd.basis,
            tiers=list(cmd.tiers),
            free_from=cmd.free_from,
        )
        rate.settle()
        async with self.uow() as uow:
            if not await uow.methods.find((cmd.method_id,)):
                raise InvalidRate("no such method", fields=(FieldError("method_id", "is no method"),))
            await uow.rates.add(rate)
            uow.record(AuditEntry.of(actor, "shipping.rate-created", rate))
            await uow.commit()
        self.rules.forget()
        return rate


@dataclass(frozen=True, slots=True)
class ChangeRateHandler:
    """Raises RateNotFound, StaleVersion, InvalidRate."""

    uow: ShippingUowFactory
    rules: CurrentRules

    async def __call__(self, actor: Actor, rate_id: UUID, cmd: ChangeRate, version: int | None = None) -> Rate:
        async with self.uow() as uow:
            rate = await uow.rates.get(rate_id)
            same_version(rate, version)
            before = pictured(rate)
            set_given(rate, cmd)
            rate.settle()
            await uow.rates.save(rate)
            uow.record(AuditEntry.of(actor, "shipping.rate-changed", rate, before=before))
            await uow.commit()
        self.rules.forget()
        return rate


@dataclass(frozen=True, slots=True)
class RemoveRateHandler:
    """The method is no longer offered in that currency. Raises RateNotFound, StaleVersion."""

    uow: ShippingUowFactory
    rules: CurrentRules

    async def __call__(self, actor: Actor, rate_id: UUID, version: int | None = None) -> None:
        async with self.uow() as uow:
            rate = await uow.rates.get(rate_id)
            same_version(rate, version)
            await uow.rates.remove(rate)
            uow.record(AuditEntry.of(actor, "shipping.rate-removed", rate, gone=True))
            await uow.commit()
        self.rules.forget()
