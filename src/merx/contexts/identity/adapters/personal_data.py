"""What identity holds of people. An account stays as an empty shell, so that its id never means somebody else."""

from merx.contexts.identity.domain.account import Account
from merx.infra.personal_data import OF_ACCOUNT, MemoryRows, TableData
from merx.infra.personal_data.memory import Table
from merx.kernel.address import email_key
from merx.kernel.personal_data import Subject

_NOBODY = "'erased-' || id || '@erased.invalid'"

TABLES = (
    TableData(
        table="identity.account",
        owner="id = cast(:account_id as uuid)",
        erase="blank",
        blank={
            "email": _NOBODY,
            "email_key": _NOBODY,
            "name": "''",
            "email_verified_at": "null",
            "password_hash": "null",
        },
        because="orders and the audit log name the id of an account, which must not become somebody else's",
    ),
    TableData(
        table="identity.session",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    TableData(
        table="identity.one_time_code",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    TableData(
        table="identity.totp",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    TableData(
        table="identity.recovery_code",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    TableData(
        table="identity.passkey",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    TableData(
        table="identity.linked_identity",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    # Lives for minutes.
    TableData(
        table="identity.provider_sign_in",
        owner=f"{OF_ACCOUNT} or email_key = any(cast(:emails as text[]))",
        erase="delete",
    ),
    TableData(
        table="identity.invitation",
        owner="account_id = cast(:account_id as uuid) or email_key = any(cast(:emails as text[]))",
        erase="delete",
    ),
    TableData(
        table="identity.api_key",
        because="keys belong to the shop: they are made by staff, for programs, and go on when their maker leaves",
    ),
)
TRACES = {
    "emails": "select email_key from identity.account"
    " where id = cast(:account_id as uuid) and email_verified_at is not null",
}


def _emptied(account: Account) -> Account:
    account.email = account.email_key = f"erased-{account.id}@erased.invalid"
    account.name, account.email_verified_at, account.password_hash = "", None, None
    return account


def memory_traces(table: Table, subject: Subject) -> Subject:
    account: Account | None = table("identity.account").get(subject.account_id)
    proved = account is not None and account.email_verified_at is not None
    return Subject(account_id=subject.account_id, emails=(account.email_key,) if account and proved else ())


ROWS = (
    MemoryRows(table="identity.account", owns=lambda row, subject: row.id == subject.account_id, forget=_emptied),
    *(
        MemoryRows(table=f"identity.{name}", owns=lambda row, subject: row.account_id == subject.account_id)
        for name in ("totp", "recovery_code", "passkey", "linked_identity")
    ),
    MemoryRows(
        table="identity.provider_sign_in",
        owns=lambda row, subject: row.account_id == subject.account_id or email_key(row.email or "") in subject.emails,
    ),
    MemoryRows(
        table="identity.invitation",
        owns=lambda row, subject: row.account_id == subject.account_id or row.email_key in subject.emails,
    ),
    MemoryRows(table="identity.session", owns=lambda row, subject: row.account_id == subject.account_id),
    MemoryRows(table="identity.one_time_code", owns=lambda row, subject: row.account_id == subject.account_id),
)
