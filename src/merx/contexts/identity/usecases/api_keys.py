"""Keys for programs: made, replaced and revoked by staff."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from merx.contexts.identity.domain.api_key import ApiKey, Network
from merx.contexts.identity.ports.api_keys import PermissionNames
from merx.contexts.identity.ports.repositories import IdentityUowFactory
from merx.contexts.identity.usecases.granting import grantor
from merx.contexts.identity.usecases.grants import checked
from merx.kernel.actor import Actor, ActorKind
from merx.kernel.audit import AuditEntry, pictured
from merx.kernel.errors import Forbidden
from merx.kernel.model import Command
from merx.kernel.ports import Clock
from merx.kernel.rights import Grant, GrantText
from merx.kernel.text import Name


def api_key_tag(key_id: UUID) -> str:
    """What every process that remembers the key listens for."""
    return f"api-key:{key_id}"


class MakeApiKey(Command, frozen=True):
    name: Name
    scopes: Annotated[tuple[GrantText, ...], msgspec.Meta(min_length=1, max_length=50)]
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=730)] = 365
    networks: Annotated[tuple[Network, ...], msgspec.Meta(max_length=20)] = ()


class RotateApiKey(Command, frozen=True):
    """`overlap_seconds`: how long the old key goes on working beside the new one."""

    overlap_seconds: Annotated[int, msgspec.Meta(ge=0, le=604_800)] = 86_400


@dataclass(frozen=True, slots=True)
class ApiKeysHandler:
    """Raises Forbidden for callers that are no people, for a key that could make keys would outlive its own revocation.
    Who hands out a key does it in turn with those who change rights, and must hold its scopes: see `granting`.

    Texts of keys are returned here and nowhere else.
    """

    uow: IdentityUowFactory
    permissions: PermissionNames
    clock: Clock

    async def make(self, actor: Actor, cmd: MakeApiKey) -> tuple[UUID, str]:
        """Raises UnknownPermission, InvalidGrant and WrongNetwork too."""
        scopes = checked(map(Grant.parse, cmd.scopes), self.permissions)
        async with self.uow() as uow:
            by = await grantor(uow, actor)
            by.must_hold_all(scopes)
            key, text = ApiKey.make(
                name=cmd.name,
                scopes=scopes,
                networks=cmd.networks,
                created_by=by.id,
                now=self.clock.now(),
                life=timedelta(days=cmd.expires_in_days),
            )
            await uow.api_keys.add(key)
            uow.record(AuditEntry.of(actor, "identity.api-key-made", key))
            await uow.commit()
        return key.id, text

    async def rotate(self, actor: Actor, key_id: UUID, cmd: RotateApiKey) -> tuple[UUID, str]:
        """Raises ApiKeyNotFound, ApiKeyOver, and StaleVersion when it is revoked meanwhile."""
        async with self.uow() as uow:
            by = await grantor(uow, actor)
            old = await uow.api_keys.get(key_id)
            by.must_hold_all(old.scopes)
            before = pictured(old)
            new, text = old.successor(by.id, self.clock.now(), timedelta(seconds=cmd.overlap_seconds))
            await uow.api_keys.save(old)
            await uow.api_keys.add(new)
            uow.record(
                AuditEntry.of(actor, "identity.api-key-rotated", old, before=before),
                AuditEntry.of(actor, "identity.api-key-made", new),
            )
            uow.invalidate(api_key_tag(old.id))
            await uow.commit()
        return new.id, text

    async def revoke(self, actor: Actor, key_id: UUID) -> None:
        """At once, in every process. A key that was revoked before is no error."""
        if actor.kind is not ActorKind.staff:
            raise Forbidden("API keys are looked after by people")
        async with self.uow() as uow:
            key = await uow.api_keys.get(key_id)
            before = pictured(key)
            if key.revoke(self.clock.now()):
                await uow.api_keys.save(key)
                uow.record(AuditEntry.of(actor, "identity.api-key-revoked", key, before=before))
                uow.invalidate(api_key_tag(key.id))
                await uow.commit()
