"""Staff draw zones."""

from dataclasses import dataclass
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from merx.contexts.shipping.domain.errors import ZoneInUse
from merx.contexts.shipping.domain.zone import Countries, PostalPrefixes, Zone
from merx.contexts.shipping.ports.repositories import ShippingUowFactory
from merx.contexts.shipping.usecases.rules import CurrentRules
from merx.kernel.actor import Actor
from merx.kernel.audit import AuditEntry, pictured
from merx.kernel.edits import same_version, set_given
from merx.kernel.ids import new_id
from merx.kernel.model import Command
from merx.kernel.text import Name


class CreateZone(Command, frozen=True):
    """No countries is the rest of the world; postal prefixes need exactly one country."""

    name: Name
    countries: Countries = msgspec.field(default_factory=list)
    postal_prefixes: PostalPrefixes = msgspec.field(default_factory=list)


class ChangeZone(Command, frozen=True):
    name: Name | UnsetType = UNSET
    countries: Countries | UnsetType = UNSET
    postal_prefixes: PostalPrefixes | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class CreateZoneHandler:
    """Raises InvalidZone, ZoneNameTaken."""

    uow: ShippingUowFactory
    rules: CurrentRules

    async def __call__(self, actor: Actor, cmd: CreateZone) -> Zone:
        zone = Zone(
            id=new_id(), name=cmd.name, countries=list(cmd.countries), postal_prefixes=list(cmd.postal_prefixes)
        )
        zone.settle()
        async with self.uow() as uow:
            await uow.zones.add(zone)
            uow.record(AuditEntry.of(actor, "shipping.zone-created", zone))
            await uow.commit()
        self.rules.forget()
        return zone


@dataclass(frozen=True, slots=True)
class ChangeZoneHandler:
    """Raises ZoneNotFound, StaleVersion, InvalidZone, ZoneNameTaken."""

    uow: ShippingUowFactory
    rules: CurrentRules

    async def __call__(self, actor: Actor, zone_id: UUID, cmd: ChangeZone, version: int | None = None) -> Zone:
        async with self.uow() as uow:
            zone = await uow.zones.get(zone_id)
            same_version(zone, version)
            before = pictured(zone)
            set_given(zone, cmd)
            zone.settle()
            await uow.zones.save(zone)
            uow.record(AuditEntry.of(actor, "shipping.zone-changed", zone, before=before))
            await uow.commit()
        self.rules.forget()
        return zone


@dataclass(frozen=True, slots=True)
class RemoveZoneHandler:
    """Only an empty zone goes. Raises ZoneNotFound, StaleVersion, ZoneInUse."""

    uow: ShippingUowFactory
    rules: CurrentRules

    async def __call__(self, actor: Actor, zone_id: UUID, version: int | None = None) -> None:
        async with self.uow() as uow:
            zone = await uow.zones.get(zone_id)
            same_version(zone, version)
            if await uow.has_methods(zone_id):
                raise ZoneInUse
            await uow.zones.remove(zone)
            uow.record(AuditEntry.of(actor, "shipping.zone-removed", zone, gone=True))
            await uow.commit()
        self.rules.forget()
