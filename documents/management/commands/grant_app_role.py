from collections.abc import Iterator

from django.apps import apps
from django.core.management.base import (
    BaseCommand,
    CommandError,
    CommandParser,
    no_translations,
)
from django.db import connection, transaction

from support import guarding
from support.guarding import Guard

PRIVILEGED = """
SELECT rolsuper OR EXISTS (
    SELECT FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relkind IN ('r', 'p') AND nspname = current_schema()
      AND pg_has_role(pg_roles.oid, relowner, 'MEMBER')
) FROM pg_roles WHERE rolname = %s
"""


class Command(BaseCommand):
    help = (
        "PostgreSQL: give a role what web server and workers need, and no more. It can write"
        " evidence but not change it, and not lift the triggers. Run it as the owner of the tables,"
        " after each migrate."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", help="a role that exists and owns nothing")
        parser.add_argument(
            "--print", action="store_true", dest="only_print", help="print the SQL, do nothing"
        )

    @no_translations
    @transaction.atomic
    def handle(self, *, role: str, only_print: bool, **options: object) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has roles.")
        statements = list(sql(role))
        if only_print:
            self.stdout.write("".join(f"{statement};\n" for statement in statements), ending="")
            return
        with connection.cursor() as cursor:
            cursor.execute(PRIVILEGED, [role])
            row = cursor.fetchone()
            if row is None:
                raise CommandError(f"There is no role {role}: CREATE ROLE {role} LOGIN PASSWORD …")
            if row[0]:
                raise CommandError(
                    f"{role} is a superuser or owns tables, itself or through another role:"
                    " what it may not do it could allow itself."
                )
            for statement in statements:
                cursor.execute(statement)
        self.stdout.write(f"{role}: may write evidence, and not change it.")


def sql(role: str) -> Iterator[str]:
    """The statements: everything is taken away first, so it can be run again after a migration."""
    quote = connection.ops.quote_name
    to = quote(role)
    # The rights themselves, and not those that PUBLIC has in a database from before PostgreSQL 15.
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"REVOKE ALL ON SCHEMA public FROM {to}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {to}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {to}"
    yield f"GRANT USAGE ON SCHEMA public TO {to}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {to}"
    yield f"GRANT SELECT ON django_migrations TO {to}"
    guards = {guard.table: guard for guard in guarding.registered()}
    models = apps.get_models(include_auto_created=True)
    for table in sorted({model._meta.db_table for model in models if model._meta.managed}):
        rights = "SELECT, INSERT, UPDATE, DELETE"
        if table in guards:
            rights = ", ".join(_rights(guards[table]))
        yield f"GRANT {rights} ON {quote(table)} TO {to}"


def _rights(guard: Guard) -> Iterator[str]:
    yield from ("SELECT", "INSERT")
    columns = sorted({column for change in guard.changes for column in change.columns})
    if guard.once != "TRUE":
        yield "UPDATE"  # until a row stands; from then on the triggers hold it alone
    elif columns:
        yield f"UPDATE ({', '.join(map(connection.ops.quote_name, columns))})"
    if guard.kept != "TRUE":
        yield "DELETE"
