"""API keys in PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, LargeBinary, String, Text, bindparam, or_, select
from sqlalchemy import Uuid as UuidType
from sqlalchemy.orm import Mapped, mapped_column

from merx.contexts.identity.domain.api_key import ApiKey
from merx.contexts.identity.domain.errors import ApiKeyNotFound
from merx.contexts.identity.ports.api_keys import ApiKeyHolder, ApiKeyView
from merx.infra.postgres import (
    IDENTIFIER,
    PLAIN,
    SECRET,
    PostgresRepository,
    PostgresTx,
    Reader,
    VersionedRow,
    compiled,
)
from merx.kernel.paging import Page, decode_id, page_of


class ApiKeyRow(VersionedRow):
    """`last_used_at` belongs to no aggregate: it is written behind the requests."""

    __tablename__ = "api_key"
    __table_args__ = {"schema": "identity"}

    id: Mapped[UUID] = mapped_column(primary_key=True, info=IDENTIFIER)
    name: Mapped[str] = mapped_column(String(200), info=PLAIN)
    prefix: Mapped[str] = mapped_column(String(16), info=PLAIN)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True, info=SECRET)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), info=PLAIN)
    networks: Mapped[list[str]] = mapped_column(ARRAY(Text), info=PLAIN)
    created_by: Mapped[UUID] = mapped_column(UuidType, info=IDENTIFIER)
    created_at: Mapped[datetime] = mapped_column(info=PLAIN)
    expires_at: Mapped[datetime] = mapped_column(info=PLAIN)
    revoked_at: Mapped[datetime | None] = mapped_column(info=PLAIN)
    replaced_by: Mapped[UUID | None] = mapped_column(UuidType, info=IDENTIFIER)
    lineage: Mapped[UUID | None] = mapped_column(UuidType, info=IDENTIFIER)
    last_used_at: Mapped[datetime | None] = mapped_column(info=PLAIN)


_VIEW = select(*[getattr(ApiKeyRow, name) for name in ApiKeyView.__struct_fields__])
_AFTER = bindparam("after", type_=UuidType)
_PAGE = compiled(
    _VIEW.where(or_(_AFTER.is_(None), ApiKeyRow.id < _AFTER)).order_by(ApiKeyRow.id.desc()).limit(bindparam("limit"))
)
_ONE = compiled(_VIEW.where(ApiKeyRow.id == bindparam("key_id")))
_HOLDER = compiled(
    select(
        ApiKeyRow.id,
        ApiKeyRow.scopes,
        ApiKeyRow.networks,
        ApiKeyRow.expires_at,
        ApiKeyRow.lineage,
        ApiKeyRow.revoked_at.is_not(None),
    ).where(ApiKeyRow.digest == bindparam("digest"))
)
# In the order of their ids, so that two processes cannot wait for each other.
_NOTE_USES = compiled(
    """
    with used as (
        select key.id, given.used_at
        from unnest(cast(:ids as uuid[]), cast(:times as timestamptz[])) as given (id, used_at)
        join identity.api_key key on key.id = given.id
        where key.last_used_at is null or key.last_used_at <= given.used_at - interval '1 minute'
        order by key.id
        for update of key
    )
    update identity.api_key key set last_used_at = used.used_at from used where used.id = key.id
    """
)


class PostgresApiKeys(PostgresRepository[ApiKey]):
    def __init__(self, tx: PostgresTx) -> None:
        super().__init__(ApiKey, ApiKeyRow, tx, missing=ApiKeyNotFound)

    async def note_uses(self, uses: Mapping[UUID, datetime]) -> None:
        await self._tx.execute(_NOTE_USES, ids=list(uses), times=list(uses.values()))


class PostgresApiKeyQueries:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, limit: int, after: str | None) -> Page[ApiKeyView]:
        rows = await self._reader.fetch(_PAGE, after=decode_id(after), limit=limit + 1)
        return page_of([_view(row) for row in rows], limit)

    async def one(self, key_id: UUID) -> ApiKeyView:
        row = await self._reader.fetchrow(_ONE, key_id=key_id)
        if row is None:
            raise ApiKeyNotFound
        return _view(row)

    async def holder(self, digest: bytes) -> ApiKeyHolder | None:
        row = await self._reader.fetchrow(_HOLDER, digest=digest)
        return None if row is None else ApiKeyHolder(row[0], tuple(row[1]), tuple(row[2]), *row[3:])


def _view(row: Any) -> ApiKeyView:
    return msgspec.convert(dict(row), ApiKeyView)
