"""What privacy holds of people itself: that somebody asked, and how it ended."""

from merx.infra.personal_data import OF_ACCOUNT, MemoryRows, TableData

TABLES = (
    TableData(
        table="privacy.erasure",
        owner=OF_ACCOUNT,
        erase="blank",
        blank={"email": "email", "subject": "subject"},
        because="proof that the request was fulfilled (GDPR art. 5(2)); its id leads to nobody any more",
    ),
    TableData(
        table="privacy.export",
        owner=OF_ACCOUNT,
        because="leads to a file: the last step of an erasure removes both, the file first",
    ),
)

ROWS = (
    MemoryRows(table="privacy.erasure", owns=lambda row, subject: row.account_id == subject.account_id, erase=False),
    MemoryRows(table="privacy.export", owns=lambda row, subject: row.account_id == subject.account_id, erase=False),
)
