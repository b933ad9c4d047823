"""Commands of an operator: create a project, grant and revoke the operator's rights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click
from flask import current_app
from flask.cli import with_appcontext

from portal.database import transaction
from portal.domain.errors import DomainError
from portal.domain.permissions import SYSTEM
from portal.queries.projects.project_desk import list_projects
from portal.services.projects.projects import create_project, grant_operator, revoke_operator


@contextmanager
def _refusals_as_messages() -> Iterator[None]:
    """Say a refusal in one line and end with status 1."""
    try:
        yield
    except DomainError as error:
        raise click.ClickException(error.message) from error


@click.group("project")
def project_group() -> None:
    """Create and list projects."""


@project_group.command("create")
@click.argument("slug")
@click.argument("name")
@click.option("--currency", required=True, help="Currency of all its tiers, such as EUR.")
@click.option("--lead", required=True, metavar="EMAIL", help="Address of its first lead.")
@with_appcontext
def create_command(slug: str, name: str, currency: str, lead: str) -> None:
    """Create the project NAME at the address /p/SLUG."""
    base = current_app.extensions["stakehold"].settings.base_url
    with _refusals_as_messages(), transaction():
        create_project(
            SYSTEM,
            slug=slug,
            name=name,
            currency=currency.upper(),
            lead_email=lead,
            desk_url=f"{base}/desk/{slug}",
            now=datetime.now(UTC),
        )
    click.echo(f"{name} is at {base}/p/{slug}; mail is on its way to {lead}.")


@project_group.command("list")
@with_appcontext
def list_command() -> None:
    """List all projects with their leads."""
    for project in list_projects():
        leads = ", ".join(project.leads)
        click.echo(f"{project.slug}\t{project.name}\t{project.currency}\t{leads}")


@click.group("operator")
def operator_group() -> None:
    """Say who runs this portal."""


@operator_group.command("grant")
@click.argument("email")
@with_appcontext
def grant_command(email: str) -> None:
    """Give the person with the address EMAIL the operator's rights."""
    with _refusals_as_messages(), transaction():
        name = grant_operator(SYSTEM, email, now=datetime.now(UTC))
    click.echo(f"{name} ({email}) is an operator.")


@operator_group.command("revoke")
@click.argument("email")
@with_appcontext
def revoke_command(email: str) -> None:
    """Take the operator's rights from the person with the address EMAIL."""
    with _refusals_as_messages(), transaction():
        name = revoke_operator(SYSTEM, email, now=datetime.now(UTC))
    click.echo(f"{name} ({email}) is no operator any more.")
