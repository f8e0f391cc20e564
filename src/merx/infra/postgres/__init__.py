"""PostgreSQL behind the unit of work, the aggregate repository and the read path."""

from merx.infra.postgres.columns import AsJson, Base, VersionedRow, as_json, money
from merx.infra.postgres.compiled import Compiled, compiled, json_text
from merx.infra.postgres.database import Database
from merx.infra.postgres.email_keys import EmailKeys
from merx.infra.postgres.forgetting import forget_before
from merx.infra.postgres.later import Write
from merx.infra.postgres.patterns import beginning_with
from merx.infra.postgres.reader import Reader
from merx.infra.postgres.repository import PostgresRepository
from merx.infra.postgres.uow import PostgresTx, PostgresUow, postgres_tx
from merx.infra.postgres.words import FINANCIAL, IDENTIFIER, PERSONAL, PLAIN, SECRET

__all__ = [
    "FINANCIAL",
    "IDENTIFIER",
    "PERSONAL",
    "PLAIN",
    "SECRET",
    "AsJson",
    "Base",
    "Compiled",
    "Database",
    "EmailKeys",
    "PostgresRepository",
    "PostgresTx",
    "PostgresUow",
    "Reader",
    "VersionedRow",
    "Write",
    "as_json",
    "beginning_with",
    "compiled",
    "forget_before",
    "json_text",
    "money",
    "postgres_tx",
]
