"""E-mails that were stored before one letter had one form get it; where two accounts would then have one, one waits.

Nothing that an account stands for is decided here: the one that cannot have the key keeps what it has, is named in the
log by its id, and cannot sign in with its e-mail until somebody has decided (docs/accounts.md).
"""

import unicodedata
from typing import Any

import sqlalchemy as sa
from alembic import op
from loguru import logger

revision = "0027_emails_in_one_form"
down_revision = "0026_within_a_day"
branch_labels = None
depends_on = None

_LONGEST = 254
# Text of ASCII letters alone has one form.
_ODD = "octet_length(email) <> char_length(email)"
_ACCOUNTS = sa.text(
    f"select id, email, email_key from identity.account where {_ODD}"  # noqa: S608 - fixed text
    # Of two that would be one, the one whose mailbox was proved goes first, then the older one.
    " order by email_verified_at is null, created_at, id for update"
)
_HOLDER = sa.text("select id from identity.account where email_key = :key and id <> :id")
# Another text is another proof: that mailbox was not read. Codes that were sent to it are void.
_WRITE_ACCOUNT = sa.text(
    "update identity.account set email = :email, email_key = :key, email_verified_at = null,"
    " credentials_version = credentials_version + 1, version = version + 1 where id = :id"
)
_INVITATIONS = sa.text(
    f"select id, email, email_key from identity.invitation where {_ODD} order by expires_at desc, id for update"  # noqa: S608 - fixed text
)
_RIVAL = sa.text(
    "select id from identity.invitation where email_key = :key and id <> :id and accepted_at is null"
    " and withdrawn_at is null and exists (select from identity.invitation own where own.id = :id"
    " and own.accepted_at is null and own.withdrawn_at is null)"
)
_WRITE_INVITATION = sa.text(
    "update identity.invitation set email = :email, email_key = :key, version = version + 1 where id = :id"
)
# The copy that staff searches follows the account.
_PROFILES = sa.text(
    "update users.profile p set email = a.email, email_key = a.email_key, version = p.version + 1"
    " from identity.account a where a.id = p.id and p.email <> a.email and a.id = any(:ids)"
)
# What was typed at a checkout: a guest's orders are found by the e-mail of the account that she makes later. The shop
# may be at work: whom somebody erased since the row was read is not written back.
_COPIES = [
    (
        sa.text(f"select id, email from {table} where {_ODD}"),  # noqa: S608 - fixed text
        sa.text(f"update {table} set email = :email where id = :id and email = :before"),  # noqa: S608 - fixed text
    )
    for table in ("carts.cart", 'orders."order"')
]


def upgrade() -> None:
    connection = op.get_bind()
    moved = _moved(connection, "account", _ACCOUNTS, _HOLDER, _WRITE_ACCOUNT)
    _moved(connection, "invitation", _INVITATIONS, _RIVAL, _WRITE_INVITATION)
    if moved:
        connection.execute(_PROFILES, {"ids": moved})
    for rows, write in _COPIES:
        for id_, email in connection.execute(rows).all():
            if (now := _present(email)) != email and _can_be_kept(now):
                connection.execute(write, {"id": id_, "email": now, "before": email})


def downgrade() -> None:
    """Nothing: the form that is stored now was always a good one."""


def _present(email: str) -> str:
    return unicodedata.normalize("NFC", email.strip())


def _can_be_kept(email: str) -> bool:
    """Some letters become two, in the present form or as small ones."""
    return max(len(email), len(email.lower())) <= _LONGEST


def _moved(
    connection: sa.Connection, kind: str, rows: sa.TextClause, rival: sa.TextClause, write: sa.TextClause
) -> list[Any]:
    """Ids of those that were brought to the present form."""
    moved = []
    for id_, email, key in connection.execute(rows).all():
        now = _present(email)
        if (now, now.lower()) == (email, key):
            continue
        values = {"id": id_, "email": now, "key": now.lower()}
        other = connection.scalar(rival, {"id": id_, "key": now.lower()})
        if other is not None:
            logger.warning("the e-mail of {} {} is that of {} {} in another form: decide", kind, id_, kind, other)
        elif not _can_be_kept(now):
            logger.warning("the e-mail of {} {} is too long in its present form: decide", kind, id_)
        else:
            connection.execute(write, values)
            moved.append(id_)
    if moved:
        logger.info("{} of kind {}: the e-mail has the present form now", len(moved), kind)
    return moved
