"""Who may do what in the database. Applied after the last version of every run, so that no version has to think of it.

The owner is the role that migrates. Nobody else may change the schema:

    merx_app    what the processes connect as: reads and writes rows, adds to the audit trail, changes nothing in it
    merx_read   for reports: reads what the shop sells and sold; no accounts, no trail, no messages in flight
    merx_audit  for whoever proves the trail: reads the trail and nothing else

They may log in and have no password: where the server asks for one, it has to be given to them first. Nothing is taken
from roles of other names.
"""

import zlib

from sqlalchemy import Connection, text

APP = "merx_app"

# Roles belong to the whole server: another database on it may make them at this moment. `search_path` is fixed, so that
# no object of somebody else can take the place of ours by its name.
_ROLES = """
do $$
declare
    name text;
begin
    foreach name in array array['merx_app', 'merx_read', 'merx_audit'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = name) then
            begin
                execute format('create role %I login nosuperuser nocreatedb nocreaterole noinherit', name);
                execute format('alter role %I set search_path = pg_catalog', name);
            exception
                when duplicate_object or unique_violation then null;
                when insufficient_privilege then
                    raise warning 'role % is missing and % may not make it', name, current_user;
            end;
        end if;
    end loop;
end
$$
"""

# Schemas that the role which migrates owns are ours.
_RIGHTS = """
do $$
declare
    place text;
    there text[] := array(select rolname::text from pg_catalog.pg_roles where rolname like 'merx\\_%');
    has_app boolean := 'merx_app' = any(there);
    has_read boolean := 'merx_read' = any(there);
    has_audit boolean := 'merx_audit' = any(there);
begin
    for place in
        select nspname from pg_catalog.pg_namespace
         where pg_catalog.pg_get_userbyid(nspowner) = current_user and nspname not like 'pg\\_%'
           and nspname not in ('public', 'information_schema')
    loop
        execute format('revoke all on schema %I from public', place);
        execute format('revoke execute on all functions in schema %I from public', place);
        if has_app then
            execute format('revoke all on all tables in schema %I from merx_app', place);
            execute format('grant usage on schema %I to merx_app', place);
            execute format('grant execute on all functions in schema %I to merx_app', place);
            if place = 'audit' then
                execute format('grant select, insert on all tables in schema %I to merx_app', place);
            else
                execute format('grant select, insert, update, delete on all tables in schema %I to merx_app', place);
                execute format('grant usage, select on all sequences in schema %I to merx_app', place);
            end if;
        end if;
        if has_read and place not in ('audit', 'identity', 'platform', 'notifications') then
            execute format('grant usage on schema %I to merx_read', place);
            execute format('grant select on all tables in schema %I to merx_read', place);
        end if;
        if has_audit and place = 'audit' then
            execute format('grant usage on schema %I to merx_audit', place);
            execute format('grant select on all tables in schema %I to merx_audit', place);
        end if;
    end loop;
    if has_app and to_regclass('public.alembic_version') is not null then
        grant select on public.alembic_version to merx_app;
    end if;
    if exists (
        select from pg_catalog.pg_database
         where datname = current_database() and pg_catalog.pg_has_role(current_user, datdba, 'usage')
    ) then
        execute format('revoke create, temporary on database %I from public', current_database());
    end if;
end
$$
"""

# A data folder that was filled with other rights gets these before it is used.
FINGERPRINT = f"{zlib.crc32((_ROLES + _RIGHTS).encode()):08x}"


def apply(connection: Connection) -> None:
    """May be run as often as one likes."""
    for statement in (_ROLES, _RIGHTS):
        connection.execute(text(statement.replace(":=", "\\:=")))
    connection.commit()
