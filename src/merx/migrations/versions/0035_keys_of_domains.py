"""E-mails with other letters than ASCII in their domain get the key of the domain that mail goes to: typed with `ü` and
as `xn--…` they were two.

The e-mails stay, and so does what was proved of them. As in 0034 nothing is decided here about accounts: where another
has the key already, both are named in the log by their ids, and nothing changes (docs/accounts.md).
"""

import unicodedata

import sqlalchemy as sa
from alembic import op
from loguru import logger

revision = "0035_keys_of_domains"
down_revision = "0034_keys_of_capitals"
branch_labels = None
depends_on = None

_LONGEST = 254
_ROWS = (
    "select id, email, email_key from {} where octet_length(email) <> char_length(email) and email_key is not null"
    " order by id for update"
)
_WRITE = "update {} set email_key = :key where id = :id"
_HOLDER = "select id from identity.account where email_key = :key and id <> :id"
_RIVAL = (
    "select id from identity.invitation where email_key = :key and id <> :id and accepted_at is null"
    " and withdrawn_at is null and exists (select from identity.invitation own where own.id = :id"
    " and own.accepted_at is null and own.withdrawn_at is null)"
)


def upgrade() -> None:
    _move("identity.account", _HOLDER)
    _move("identity.invitation", _RIVAL)
    _move("identity.provider_sign_in")
    _move("carts.cart")
    _move('orders."order"')


def downgrade() -> None:
    """Nothing: the version before finds who writes the domain as `xn--…`."""


def _key(email: str) -> str:
    key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", email.strip()).lower())
    name, at, domain = key.rpartition("@")
    try:
        return key if domain.isascii() else name + at + domain.encode("idna").decode().lower()
    except UnicodeError:
        return key


def _move(table: str, rival: str | None = None) -> None:
    connection, kind = op.get_bind(), table.rpartition(".")[2].strip('"')
    for id_, email, key in connection.execute(sa.text(_ROWS.format(table))).all():
        now = _key(email)
        # What else is not in the present form waits since 0027 or 0034 for somebody who decides.
        if now == key or email.rpartition("@")[2].isascii():
            continue
        other = connection.scalar(sa.text(rival), {"id": id_, "key": now}) if rival else None
        if other is not None:
            logger.warning("the e-mail of {} {} leads to the mailbox of {} {}: decide", kind, id_, kind, other)
        elif len(now) > _LONGEST:
            logger.warning("the e-mail of {} {} is too long in its present form: decide", kind, id_)
        else:
            connection.execute(sa.text(_WRITE.format(table)), {"id": id_, "key": now})
