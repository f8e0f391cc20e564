"""Bring the database schema to the newest version, and say who may do what in it.

Connects with MERX_MIGRATE_DATABASE_URL, or with MERX_DATABASE_URL when that is empty.
"""

import argparse
import os

from merx.infra.settings import load_settings


def configure(_: argparse.ArgumentParser) -> None: ...


def run(_: argparse.Namespace) -> int:
    from merx.bootstrap.migrate import upgrade

    settings = load_settings(os.environ)
    upgrade(settings.owner_url, ca_file=settings.database_ca_file)
    print("The database schema is up to date.")
    return 0
