"""Alembic's entry: runs the migrations on the connection that `merx.bootstrap.migrate` hands over.

The models are not loaded: moving a schema must not depend on the code of the contexts.
"""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    version_table="alembic_version",
    version_table_schema="public",
    # Each version commits by itself: a run that ends half-way is continued by the next one.
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
