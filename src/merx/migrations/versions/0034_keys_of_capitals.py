"""E-mails whose small letters come apart get their key in one form: written in capitals and in small letters they were
two.

The e-mails stay, and so does what was proved of them. Nothing that an account stands for is decided here: where another
has the key already, both are named in the log by their ids, and nothing changes (docs/accounts.md).
"""

import unicodedata

import sqlalchemy as sa
from alembic import op
from loguru import logger

revision = "0034_keys_of_capitals"
down_revision = "0033_email_keys_filled"
branch_labels = None
depends_on = None

_LONGEST = 254
_ROWS = (
    "select id, email, email_key from identity.{} where octet_length(email) <> char_length(email)"
    " order by id for update"
)
_WRITE = "update identity.{} set email_key = :key, version = version + 1 where id = :id"
_HOLDER = "select id from identity.account where email_key = :key and id <> :id"
_RIVAL = (
    "select id from identity.invitation where email_key = :key and id <> :id and accepted_at is null"
    " and withdrawn_at is null and exists (select from identity.invitation own where own.id = :id"
    " and own.accepted_at is null and own.withdrawn_at is null)"
)


def upgrade() -> None:
    _move("account", _HOLDER)
    _move("invitation", _RIVAL)


def downgrade() -> None:
    """Nothing: the version before finds who writes the e-mail in small letters."""


def _one_form(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _move(kind: str, rival: str) -> None:
    connection = op.get_bind()
    for id_, email, key in connection.execute(sa.text(_ROWS.format(kind))).all():
        now = _one_form(_one_form(email).lower())
        # One whose e-mail is not in the present form waits since 0027 for somebody who decides.
        if now == key or email != _one_form(email):
            continue
        other = connection.scalar(sa.text(rival), {"id": id_, "key": now})
        if other is not None:
            logger.warning("the e-mail of {} {} is that of {} {} in capitals: decide", kind, id_, kind, other)
        elif len(now) > _LONGEST:
            logger.warning("the e-mail of {} {} is too long in its present form: decide", kind, id_)
        else:
            connection.execute(sa.text(_WRITE.format(kind)), {"id": id_, "key": now})
