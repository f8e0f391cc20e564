"""Whether the role that a process connects as could do what no process of a shop has to do."""

import asyncpg

from merx.infra.server_refused import ServerRefused

# Also what it could make itself: the owner by SET ROLE, a role with more rights.
_TOO_MUCH = """
    select has_database_privilege(current_database(), 'create')
        or exists (select from pg_roles where rolname = current_user and (rolsuper or rolcreaterole or rolcreatedb))
        or exists (
            select from pg_namespace
             where nspname = 'audit'
               and (has_schema_privilege(oid, 'create') or pg_has_role(current_user, nspowner, 'member'))
        )
        or exists (
            select from pg_class join pg_namespace as place on place.oid = relnamespace
             where nspname = 'audit' and relname = 'entry'
               and has_table_privilege(pg_class.oid, 'update, delete, truncate')
        )
"""


class TooManyRights(ServerRefused):
    """This process could rewrite the audit trail or change the schema."""


async def refuse_too_many_rights(connection: asyncpg.Connection) -> None:
    """Raises TooManyRights."""
    if await connection.fetchval(_TOO_MUCH):
        raise TooManyRights(
            "MERX_DATABASE_URL connects with the rights to change the schema and the audit trail: connect as merx_app, "
            "see deploy/README.md."
        )
