"""What users holds of people: all of it goes, but for the proof of what somebody consented to."""

from datetime import datetime
from typing import Any
from uuid import UUID

from merx.infra.personal_data import OF_ACCOUNT, MemoryRows, TableData, values_of
from merx.kernel.personal_data import Subject

TABLES = (
    TableData(
        table="users.address",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    TableData(
        table="users.consent",
        owner=OF_ACCOUNT,
        because="proof that a consent was given and withdrawn (GDPR art. 7), for three years; its id leads to nobody",
    ),
    TableData(
        table="users.group_member",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    TableData(
        table="users.timeline",
        owner=OF_ACCOUNT,
        erase="delete",
    ),
    TableData(
        table="users.profile",
        owner="id = cast(:account_id as uuid)",
        erase="delete",
    ),
)


def _member(row: tuple[UUID, UUID, datetime], _: Subject) -> list[tuple[str, dict[str, Any]]]:
    group_id, account_id, at = row
    values = {"group_id": str(group_id), "account_id": str(account_id), "joined_at": at.isoformat()}
    return [("users.group_member", values)]


ROWS = (
    MemoryRows(table="users.address", owns=lambda row, subject: row.account_id == subject.account_id),
    MemoryRows(table="users.consent", owns=lambda row, subject: row.account_id == subject.account_id, erase=False),
    MemoryRows(table="users.member", owns=lambda row, subject: row[1] == subject.account_id, shown=_member),
    MemoryRows(
        table="users.timeline",
        owns=lambda row, subject: row[0] == subject.account_id,
        shown=lambda row, _: [("users.timeline", values_of(row[1], account_id=row[0]))],
    ),
    MemoryRows(table="users.profile", owns=lambda row, subject: row.id == subject.account_id),
)
