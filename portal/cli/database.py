"""Commands for the database: bring its tables up to date, or take a step back."""

from __future__ import annotations

import click
from flask.cli import with_appcontext
from flask_migrate import downgrade, upgrade


@click.group("database")
def database_group() -> None:
    """Keep the database's tables in step with the portal."""


@database_group.command("upgrade")
@with_appcontext
def upgrade_command() -> None:
    """Create or change the tables to what this version of the portal needs."""
    upgrade()
    click.echo("The database is up to date.")


@database_group.command("downgrade")
@click.argument("revision")
@click.confirmation_option(prompt="Taking a migration back can lose data. Go on?")
@with_appcontext
def downgrade_command(revision: str) -> None:
    """Take migrations back to REVISION ("base" empties the database)."""
    downgrade(revision=revision)
    click.echo(f"The database is at {revision}.")
