"""Commands for the database: bring its tables up to date, or take a step back."""

from __future__ import annotations

import click
from flask import current_app
from flask.cli import with_appcontext

from portal.database import db


def upgrade_tables() -> None:
    """Run every migration that this database has not seen."""
    # Imported here: Alembic takes longer to load than all the rest, and only migrations need it.
    from flask_migrate import Migrate, upgrade  # noqa: PLC0415

    Migrate(current_app, db, directory=current_app.config["MIGRATIONS"])
    upgrade()


def downgrade_tables(revision: str) -> None:
    """Take migrations back to a revision; ``base`` removes every table."""
    from flask_migrate import Migrate, downgrade  # noqa: PLC0415

    Migrate(current_app, db, directory=current_app.config["MIGRATIONS"])
    downgrade(revision=revision)


@click.group("database")
def database_group() -> None:
    """Keep the database's tables in step with the portal."""


@database_group.command("upgrade")
@with_appcontext
def upgrade_command() -> None:
    """Create or change tables as this version needs."""
    upgrade_tables()
    click.echo("The database is up to date.")


@database_group.command("downgrade")
@click.argument("revision")
@click.confirmation_option(prompt="Taking a migration back can lose data. Go on?")
@with_appcontext
def downgrade_command(revision: str) -> None:
    """Take migrations back to REVISION ("base" empties the database)."""
    downgrade_tables(revision)
    click.echo(f"The database is at {revision}.")
