"""Column types that store values as they are, so that no mapper is written by hand."""

from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, DateTime, Dialect, MetaData, String, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Composite, DeclarativeBase, Mapped, composite, declared_attr, mapped_column

from merx.infra.postgres.words import PLAIN
from merx.kernel.money import Money

T = TypeVar("T")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Metadata of every table; one PostgreSQL schema a context."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: DateTime(timezone=True)}


class VersionedRow(Base):
    """The row of an aggregate root: UUIDv7 key made by the domain, `version` guarded by every UPDATE.

    Each says itself, in an `id` of its own, whether that leads to a person.
    """

    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(info=PLAIN)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


class AsJson(TypeDecorator[T], Generic[T]):
    """A Struct, or a list or dict of them, in a JSONB column. Decoding validates."""

    impl = JSONB
    cache_ok = True

    def __init__(self, type_: Any) -> None:
        super().__init__(none_as_null=True)
        self.type_ = type_
        self._decoder: msgspec.json.Decoder[T] = msgspec.json.Decoder(type_)

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> T | None:
        return None if value is None else self._decoder.decode(value)

    def compare_values(self, x: Any, y: Any) -> bool:
        return bool(msgspec.json.encode(x) == msgspec.json.encode(y))


def as_json(type_: Any, **options: Any) -> Mapped[Any]:
    """A JSONB column that holds `type_`."""
    return mapped_column(AsJson(type_), **options)


def money(name: str, **options: Any) -> Composite[Money]:
    """A Money over two real columns, `<name>_amount` and `<name>_currency`, so that SQL can sum and compare."""
    options.setdefault("nullable", False)
    return composite(
        Money,
        mapped_column(f"{name}_amount", BigInteger, **options),
        mapped_column(f"{name}_currency", String(3), **options),
    )
