"""Accounts and sessions in the process."""

import copy
from datetime import datetime
from uuid import UUID

from merx.contexts.identity.adapters.memory_api_keys import MemoryApiKeys
from merx.contexts.identity.adapters.memory_factors import MemorySecondFactors
from merx.contexts.identity.adapters.memory_identities import MemoryLinkedIdentities, MemoryProviderSignIns
from merx.contexts.identity.adapters.memory_invitations import MemoryInvitations
from merx.contexts.identity.adapters.memory_passkeys import MemoryPasskeys, MemorySpentChallenges
from merx.contexts.identity.adapters.memory_roles import MemoryRoles, grants_held, with_built_in_roles
from merx.contexts.identity.domain.account import Account, AccountKind
from merx.contexts.identity.domain.errors import AccountNotFound, EmailTaken
from merx.contexts.identity.domain.one_time_code import CodePurpose, OneTimeCode
from merx.contexts.identity.domain.session import EndReason, Session
from merx.contexts.identity.ports.queries import MAX_SESSIONS, Credentials, Profile, SessionSummary
from merx.infra.memory import MemoryRepository, MemoryStore, MemoryTable, MemoryTx, MemoryUow
from merx.infra.outbox.events import OutboxWriter

ACCOUNTS = "identity.account"
SESSIONS = "identity.session"
CODES = "identity.one_time_code"


class MemoryAccounts(MemoryRepository[Account]):
    def __init__(self, tx: MemoryTx) -> None:
        super().__init__(
            ACCOUNTS, tx, unique=((lambda account: account.email_key, EmailTaken),), missing=AccountNotFound
        )

    async def locked(self, id: UUID) -> Account:
        return await self.get(id)

    async def by_email(self, email_key: str) -> Account | None:
        return next((account for account in self._rows.values() if account.email_key == email_key), None)

    async def email_taken(self, email_key: str) -> bool:
        return await self.by_email(email_key) is not None

    async def holders(self, role_id: UUID) -> list[Account]:
        return [account for account in self._rows.values() if role_id in account.role_ids]


class MemorySessions:
    def __init__(self, tx: MemoryTx) -> None:
        self._rows: MemoryTable[Session] = tx.table(SESSIONS)

    async def add(self, session: Session) -> None:
        self._rows.put(session.id, session)

    async def locked(self, id: UUID) -> Session | None:
        return self._rows.get(id)

    async def save(self, session: Session) -> None:
        self._rows.put(session.id, session)

    async def end_all(self, account_id: UUID, reason: EndReason, now: datetime, kept: UUID | None = None) -> int:
        found = [one for one in self._rows.values() if one.account_id == account_id and one.ended_at is None]
        ended = [one for one in found if one.id != kept]
        for session in ended:
            session.end(reason, now)
            self._rows.put(session.id, session)
        return len(ended)

    async def forget(self, before: datetime, limit: int) -> int:
        return self._rows.forget(lambda session: session.expires_at < before, limit)


class MemoryCodes:
    def __init__(self, tx: MemoryTx) -> None:
        self._rows: MemoryTable[OneTimeCode] = tx.table(CODES)

    async def add(self, code: OneTimeCode) -> None:
        self._rows.put(code.id, code)

    async def get(self, id: UUID) -> OneTimeCode | None:
        return self._rows.get(id)

    async def take(self, id: UUID, now: datetime) -> bool:
        code = self._rows.get(id)
        if code is None or code.used_at is not None:
            return False
        code.used_at = now
        self._rows.put(id, code)
        return True

    async def void(self, account_id: UUID, purpose: CodePurpose, now: datetime) -> None:
        of_account = [one for one in self._rows.values() if one.account_id == account_id and one.purpose is purpose]
        for code in of_account:
            code.used_at = code.used_at or now
            self._rows.put(code.id, code)

    async def count_attempt(self, id: UUID) -> None:
        code = self._rows.get(id)
        if code is not None:
            code.attempts += 1
            self._rows.put(id, code)

    async def open(self, account_id: UUID, purpose: CodePurpose, now: datetime) -> int:
        of_account = (one for one in self._rows.values() if one.account_id == account_id and one.purpose is purpose)
        return sum(one.used_at is None and now < one.expires_at for one in of_account)

    async def forget(self, before: datetime, limit: int) -> int:
        return self._rows.forget(lambda code: code.expires_at < before, limit)


class MemoryIdentityUow(MemoryUow):
    def __init__(self, store: MemoryStore, outbox: OutboxWriter) -> None:
        super().__init__(store, outbox)
        with_built_in_roles(store)

    def open(self, tx: MemoryTx) -> None:
        self.accounts = MemoryAccounts(tx)
        self.sessions = MemorySessions(tx)
        self.codes = MemoryCodes(tx)
        self.api_keys = MemoryApiKeys(tx)
        self.roles = MemoryRoles(tx)
        self.invitations = MemoryInvitations(tx)
        self.factors = MemorySecondFactors(tx)
        self.passkeys = MemoryPasskeys(tx)
        self.challenges = MemorySpentChallenges(tx)
        self.linked_identities = MemoryLinkedIdentities(tx)
        self.provider_sign_ins = MemoryProviderSignIns(tx)


class MemoryIdentityQueries:
    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def credentials(self, email_key: str) -> Credentials | None:
        for account in self._accounts():
            if account.email_key == email_key:
                return Credentials(account.id, account.kind, account.status, account.permissions, account.password_hash)
        return None

    async def profile(self, account_id: UUID) -> Profile | None:
        account: Account | None = self._store.table(ACCOUNTS).get(account_id)
        return self._profile(account) if account is not None and account.is_active else None

    async def first_staff(self) -> Profile | None:
        staff = [account for account in self._accounts() if account.kind is AccountKind.staff and account.is_active]
        return self._profile(min(staff, key=lambda account: account.id)) if staff else None

    async def goes_on(self, session_id: UUID, account_id: UUID, now: datetime) -> bool:
        found = self._store.table(SESSIONS).get(session_id)
        return found is not None and found.account_id == account_id and found.is_alive(now)

    async def sessions(self, account_id: UUID, now: datetime) -> list[SessionSummary]:
        found = [one for one in self._store.table(SESSIONS).values() if one.account_id == account_id]
        found = sorted((one for one in found if one.is_alive(now)), key=lambda one: (one.used_at, one.id), reverse=True)
        return [
            SessionSummary(one.id, one.user_agent, one.created_at, one.used_at, one.expires_at, one.methods)
            for one in found[:MAX_SESSIONS]
        ]

    def _accounts(self) -> list[Account]:
        return [copy.copy(account) for account in self._store.table(ACCOUNTS).values()]

    def _profile(self, account: Account) -> Profile:
        return Profile(
            account.id,
            account.email,
            account.name,
            account.kind,
            grants_held(self._store, account),
            account.email_verified_at is not None,
        )
