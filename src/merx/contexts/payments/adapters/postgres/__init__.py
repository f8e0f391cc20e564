"""Payments on PostgreSQL."""

from merx.contexts.payments.adapters.postgres.adapters import PostgresPaymentQueries, PostgresPaymentsUow, open_payments

__all__ = ["PostgresPaymentQueries", "PostgresPaymentsUow", "open_payments"]
