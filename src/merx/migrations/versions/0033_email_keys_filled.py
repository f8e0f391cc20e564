"""What was stored before gets the keys that it is found by: orders and carts by e-mail, people by name and e-mail.

While the shop sells, so by slices that each commit, and with an index that is built beside the sales. A run that was
ended half-way leaves an index that nobody uses; the next one begins anew, and what has its key is left alone.
"""

import unicodedata
from collections.abc import Callable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

revision = "0033_email_keys_filled"
down_revision = "0032_email_keys"
branch_labels = None
depends_on = None

_SLICE = 5_000
_DROP = 'drop index concurrently if exists orders."{}"'


def upgrade() -> None:
    # Not possible inside a transaction.
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        for table in ("carts.cart", 'orders."order"'):
            _each_slice(connection, table, _filled(table))
        _each_slice(connection, "users.profile", _people)
        op.execute('alter table orders."order" validate constraint ck_order_blank_email')
        op.execute(_DROP.format("ix_order_email_key"))
        op.create_index(
            "ix_order_email_key", "order", ["email_key", "id"], schema="orders", postgresql_concurrently=True
        )
        op.execute(_DROP.format("ix_order_email"))


def downgrade() -> None:
    """The keys stay until their columns go. What a search for people compares was always a good form."""
    with op.get_context().autocommit_block():
        op.execute(_DROP.format("ix_order_email"))
        op.create_index(
            "ix_order_email", "order", [sa.text("lower(email)"), "id"], schema="orders", postgresql_concurrently=True
        )
        op.execute(_DROP.format("ix_order_email_key"))


def _one_form(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _email_key(email: str) -> str:
    return _one_form(_one_form(email.strip()).lower())


def _search_key(text: str) -> str:
    return _one_form(_one_form(text.strip()).casefold())[:400]


Fill = Callable[[sa.Connection, dict[str, UUID]], None]


def _each_slice(connection: sa.Connection, table: str, fill: Fill) -> None:
    end = sa.text(
        f"select id from (select id from {table} where id > :after order by id limit {_SLICE}) slice"  # noqa: S608 - fixed text
        " order by id desc limit 1"
    )
    after = UUID(int=0)
    while (last := connection.scalar(end, {"after": after})) is not None:
        fill(connection, {"after": after, "last": last})
        after = last


def _filled(table: str) -> Fill:
    """Text of ASCII letters alone has the small letters of Python; of the others only Python knows the key."""
    keyless = "id > :after and id <= :last and email_key is null"
    plain = sa.text(
        f'update {table} set email_key = lower(email collate "C")'  # noqa: S608 - fixed text
        f" where {keyless} and octet_length(email) = char_length(email)"
    )
    odd = sa.text(f"select id, email from {table} where {keyless} and email is not null")  # noqa: S608 - fixed text
    write = sa.text(
        f"update {table} kept set email_key = made.email_key"  # noqa: S608 - fixed text
        " from unnest(cast(:ids as uuid[]), cast(:emails as text[]), cast(:keys as text[]))"
        " as made(id, email, email_key)"
        # Whom somebody changed since the row was read has a key already, or is found later.
        " where kept.id = made.id and kept.email = made.email and kept.email_key is null"
    )

    def fill(connection: sa.Connection, slice_: dict[str, UUID]) -> None:
        connection.execute(plain, slice_)
        if rows := connection.execute(odd, slice_).all():
            emails = [email for _, email in rows]
            keys = list(map(_email_key, emails))
            connection.execute(write, {"ids": [id_ for id_, _ in rows], "emails": emails, "keys": keys})

    return fill


_ODD_PEOPLE = sa.text(
    "select id, name, email, name_key, email_key from users.profile where id > :after and id <= :last"
    " and (octet_length(name) <> char_length(name) or octet_length(email) <> char_length(email))"
)
_WRITE_PEOPLE = sa.text(
    """
    update users.profile kept set name_key = made.name_key, email_key = made.email_key, version = version + 1
      from unnest(cast(:ids as uuid[]), cast(:names as text[]), cast(:emails as text[]), cast(:name_keys as text[]),
                  cast(:email_keys as text[])) as made(id, name, email, name_key, email_key)
     where kept.id = made.id and kept.name = made.name and kept.email = made.email
    """
)


def _people(connection: sa.Connection, slice_: dict[str, UUID]) -> None:
    found = connection.execute(_ODD_PEOPLE, slice_).all()
    made = [(id_, name, email, _search_key(name), _search_key(email), now) for id_, name, email, *now in found]
    changed: list[tuple[Any, ...]] = [row[:5] for row in made if [*row[3:5]] != row[5]]
    if changed:
        names = ("ids", "names", "emails", "name_keys", "email_keys")
        connection.execute(_WRITE_PEOPLE, dict(zip(names, map(list, zip(*changed, strict=True)), strict=True)))
