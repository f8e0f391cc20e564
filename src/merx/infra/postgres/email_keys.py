"""Rows that a version of the shop before wrote, beside this one, without the key that they are found by."""

from merx.infra.postgres.compiled import compiled
from merx.infra.postgres.uow import PostgresTx
from merx.kernel.address import email_key

_BATCH = 1_000


class EmailKeys:
    """One table with `id`, `email` and `email_key`. Whoever looks for rows by e-mail fills in what is missing first.

    Only Python knows the key, so no default of the column and no condition in SQL can stand in for it.
    """

    def __init__(self, table: str) -> None:
        name = ".".join(f'"{part}"' for part in table.split("."))
        self._missing = compiled(
            f"select id, email from {name} where email_key is null and email is not null limit {_BATCH}"  # noqa: S608 - names of tables
        )
        # An e-mail that was changed or erased meanwhile is left to the next turn.
        self._fill = compiled(
            f"update {name} kept set email_key = made.email_key"  # noqa: S608 - names of tables
            " from unnest(cast(:ids as uuid[]), cast(:emails as text[]), cast(:email_keys as text[]))"
            " as made(id, email, email_key)"
            " where kept.id = made.id and kept.email = made.email and kept.email_key is null"
        )

    async def fill(self, tx: PostgresTx) -> None:
        while rows := await tx.fetch(self._missing):
            emails = [row["email"] for row in rows]
            await tx.execute(
                self._fill, ids=[row["id"] for row in rows], emails=emails, email_keys=list(map(email_key, emails))
            )
