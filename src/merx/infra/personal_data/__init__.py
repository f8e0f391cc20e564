"""The map of all stored columns, and what follows from it: what a person gets to see, and what erasure takes away."""

from merx.infra.personal_data.memory import MemoryPersonalData, MemoryRows, values_of
from merx.infra.personal_data.postgres import PostgresPersonalData
from merx.infra.personal_data.tables import OF_ACCOUNT, OF_ORDERS, TableData

__all__ = [
    "OF_ACCOUNT",
    "OF_ORDERS",
    "MemoryPersonalData",
    "MemoryRows",
    "PostgresPersonalData",
    "TableData",
    "values_of",
]
