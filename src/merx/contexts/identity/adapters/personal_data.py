"""What identity holds of people. An account stays as an empty shell, so that its id never means somebody else."""

from merx.contexts.identity.domain.account import Account
from merx.infra.personal_data import OF_ACCOUNT, MemoryRows, TableData
from merx.infra.personal_data.memory import Table
from merx.kernel.personal_data import Subject

_NOBODY = "'erased-' || id || '@erased.invalid'"

TABLES = (
    TableData(
        table="identity.account",
        identifier="id",
        personal="email email_key name email_verified_at",
        secret="password_hash",
        plain="version kind role_ids permissions status created_at credentials_version",
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
        identifier="id account_id",
        personal="methods proved_at user_agent created_at used_at expires_at ended_at end_reason",
        secret="token_hash",
        plain="generation",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    TableData(
        table="identity.one_time_code",
        identifier="id account_id",
        personal="new_email methods",
        plain="purpose credentials_version created_at expires_at used_at attempts",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    TableData(
        table="identity.totp",
        identifier="account_id",
        personal="created_at confirmed_at",
        secret="sealed_secret last_step",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    TableData(
        table="identity.recovery_code",
        identifier="account_id",
        personal="used_at",
        secret="digest",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    TableData(
        table="identity.passkey",
        identifier="id account_id",
        personal="name aaguid transports backed_up created_at last_used_at",
        secret="credential_id public_key sign_count",
        plain="version",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    TableData(
        table="identity.linked_identity",
        identifier="id account_id",
        personal="provider issuer subject email linked_at used_at",
        plain="version",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    # Lives for minutes.
    TableData(
        table="identity.provider_sign_in",
        identifier="id account_id",
        personal="issuer subject email proved_at used_at",
        secret="binding",
        plain="provider purpose expires_at credentials_version multi_factor",
        owner=f"{OF_ACCOUNT} or lower(email) = any(cast(:emails as text[]))",
        erase="delete",
    ),
    TableData(table="identity.spent_challenge", plain="id expires_at"),
    TableData(
        table="identity.invitation",
        identifier="id code_id invited_by account_id",
        personal="email email_key",
        plain="version role_ids created_at sent_at sendings expires_at accepted_at withdrawn_at",
        owner="account_id = cast(:account_id as uuid) or email_key = any(cast(:emails as text[]))",
        erase="delete",
    ),
    TableData(table="identity.role", plain="id version name name_key description grants created_at"),
    TableData(
        table="identity.api_key",
        identifier="id created_by replaced_by",
        secret="digest",
        plain="version name prefix scopes networks created_at expires_at revoked_at last_used_at",
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
        owns=lambda row, subject: row.account_id == subject.account_id or (row.email or "").lower() in subject.emails,
    ),
    MemoryRows(
        table="identity.invitation",
        owns=lambda row, subject: row.account_id == subject.account_id or row.email_key in subject.emails,
    ),
    MemoryRows(table="identity.session", owns=lambda row, subject: row.account_id == subject.account_id),
    MemoryRows(table="identity.one_time_code", owns=lambda row, subject: row.account_id == subject.account_id),
)
