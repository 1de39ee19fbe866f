#!/usr/bin/env python3
"""Django's command line, with the portal's settings."""

import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    refuse_unsafe_start()
    try:
        execute_from_command_line(sys.argv)
    except DatabaseError:
        if not is_behind():
            raise
        sys.exit("The database has no tables yet, or older ones. Please run:  bin/manage migrate")


def refuse_unsafe_start() -> None:
    """End with a sentence where PRODUCTION=1 is set and something would be open to everybody."""
    try:
        from django.conf import settings  # noqa: PLC0415 -- needs the environment

        if settings.PRODUCTION:
            django.setup()
            from config import checks  # noqa: PLC0415 -- needs the apps

            checks.require_safe_command(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(str(error))


def is_behind() -> bool:
    """Whether the database lacks a migration: the usual reason for a missing table."""
    from django.db import connection  # noqa: PLC0415 -- needs settings
    from django.db.migrations.executor import MigrationExecutor  # noqa: PLC0415

    try:
        executor = MigrationExecutor(connection)
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    except DatabaseError:
        return False  # it cannot even be asked: the first error says why


if __name__ == "__main__":
    main()
