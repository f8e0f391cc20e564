"""What the use cases of identity need to write."""

from datetime import datetime
from typing import Protocol, Self
from uuid import UUID

from merx.contexts.identity.domain.account import Account
from merx.contexts.identity.domain.one_time_code import CodePurpose, OneTimeCode
from merx.contexts.identity.domain.session import EndReason, Session
from merx.contexts.identity.ports.api_keys import ApiKeys
from merx.contexts.identity.ports.invitations import Invitations
from merx.contexts.identity.ports.linked_identities import LinkedIdentities, ProviderSignIns
from merx.contexts.identity.ports.roles import Roles
from merx.contexts.identity.ports.second_factors import Passkeys, SecondFactors, SpentChallenges
from merx.kernel.ports import Repository, UnitOfWork


class Accounts(Repository[Account], Protocol):
    """`add` and `save` raise EmailTaken, `get` raises AccountNotFound."""

    async def locked(self, id: UUID) -> Account:
        """Like `get`, and nobody else changes or locks the account until this transaction ends."""
        ...

    async def by_email(self, email_key: str) -> Account | None: ...

    async def email_taken(self, email_key: str) -> bool:
        """With the same work whether it is or not."""
        ...

    async def holders(self, role_id: UUID) -> list[Account]:
        """The staff that holds the role, whatever the state of the account. Take the turn of rights before."""
        ...


class Sessions(Protocol):
    async def add(self, session: Session) -> None: ...

    async def locked(self, id: UUID) -> Session | None:
        """The session, for this transaction alone until it ends."""
        ...

    async def save(self, session: Session) -> None:
        """Write back a session that this transaction has locked."""
        ...

    async def end_all(self, account_id: UUID, reason: EndReason, now: datetime, kept: UUID | None = None) -> int:
        """End every session of the account but `kept`; returns how many. Lock the account before."""
        ...

    async def forget(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` sessions that expired before that moment; returns how many."""
        ...


class Codes(Protocol):
    async def add(self, code: OneTimeCode) -> None: ...

    async def get(self, id: UUID) -> OneTimeCode | None: ...

    async def take(self, id: UUID, now: datetime) -> bool:
        """Use the code up. False when somebody did before: of two at once one gets True."""
        ...

    async def void(self, account_id: UUID, purpose: CodePurpose, now: datetime) -> None:
        """Use up every open code of the account for this purpose. Lock the account before."""
        ...

    async def count_attempt(self, id: UUID) -> None:
        """What was tried with the code has failed."""
        ...

    async def open(self, account_id: UUID, purpose: CodePurpose, now: datetime) -> int:
        """How many codes of the account are neither used nor expired."""
        ...

    async def forget(self, before: datetime, limit: int) -> int:
        """Delete up to `limit` codes that expired before that moment; returns how many."""
        ...


class IdentityUow(UnitOfWork, Protocol):
    @property
    def accounts(self) -> Accounts: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def codes(self) -> Codes: ...
    @property
    def api_keys(self) -> ApiKeys: ...
    @property
    def roles(self) -> Roles: ...
    @property
    def invitations(self) -> Invitations: ...
    @property
    def factors(self) -> SecondFactors: ...
    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def challenges(self) -> SpentChallenges: ...
    @property
    def linked_identities(self) -> LinkedIdentities: ...
    @property
    def provider_sign_ins(self) -> ProviderSignIns: ...

    async def __aenter__(self) -> Self: ...


class IdentityUowFactory(Protocol):
    def __call__(self) -> IdentityUow: ...
