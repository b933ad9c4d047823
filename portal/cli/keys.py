"""``portal record key``: make, show, back up and replace the key that signs checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import click
from flask import current_app
from flask.cli import with_appcontext

from portal.database import transaction
from portal.ports.collaborators import Collaborators
from portal.ports.record_key import KeyUnusable, RecordKeeper
from portal.queries.projects.project_desk import list_projects
from portal.queries.record.record import list_keys, log_origin, sign_unsigned
from portal.services.record.checkpoints import keep_checkpoint
from portal.services.record.record import log_new_key


@click.group("record")
def record_group() -> None:
    """Look after the public record."""


@record_group.group("key")
def key_group() -> None:
    """The key that signs the checkpoints of every project's log."""


@key_group.command("create")
@with_appcontext
def create_command() -> None:
    """Make the first key; refuses to touch one that is there."""
    keeper = _keeper()
    with _messages():
        keeper.create()
    click.echo(f"The key is in {keeper.path}. Back it up: portal record key backup FILE")


@key_group.command("show")
@with_appcontext
def show_command() -> None:
    """Show the public keys of every project's log, the one in use first."""
    keeper, site = _keeper(), _world().settings.base_url
    with _messages():
        _need_key(keeper)
        for project in list_projects():
            for key in list_keys(log_origin(site, project.slug), keeper):
                click.echo(str(key))


@key_group.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@with_appcontext
def backup_command(file: Path) -> None:
    """Copy the key to FILE, which must not exist.

    Whoever has it can sign as this portal.
    """
    keeper = _keeper()
    with _messages():
        _need_key(keeper)
        keeper.backup(file)
    click.echo(f"The key is copied to {file}. Keep it off this machine, and to yourself.")


@key_group.command("rotate")
@with_appcontext
def rotate_command() -> None:
    """Put a new key into use.

    The old one signs the news, and its public half stays listed.
    """
    keeper, now = _keeper(), datetime.now(UTC)
    with _messages():
        _need_key(keeper)
        fresh = keeper.prepare()
        with transaction():
            log_new_key(keeper.public_keys()[0], fresh, now=now)
        # The last checkpoint of the old key covers the entry that names the new one.
        while unsigned := sign_unsigned(_world().settings.base_url, keeper):
            for project_id, size, note in unsigned:
                with transaction():
                    keep_checkpoint(project_id, size, note, now=now)
        keeper.rotate()
    click.echo("A new key is in use. Back it up: portal record key backup FILE")


def _world() -> Collaborators:
    return cast("Collaborators", current_app.extensions["stakehold"])


def _keeper() -> RecordKeeper:
    keeper = _world().record_key
    if not isinstance(keeper, RecordKeeper):
        raise click.ClickException("This portal's key is not kept here.")
    return keeper


def _need_key(keeper: RecordKeeper) -> None:
    if not keeper.public_keys():
        raise click.ClickException("There is no key yet: portal record key create")


@contextmanager
def _messages() -> Iterator[None]:
    """Say what is wrong with the key in one line and end with status 1."""
    try:
        yield
    except KeyUnusable as error:
        raise click.ClickException(str(error)) from error
