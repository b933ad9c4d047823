"""``portal jobs``: the periodic work, as a process of its own or once."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

import click
from flask import current_app
from flask.cli import with_appcontext

if TYPE_CHECKING:
    from portal.ports.collaborators import Collaborators
    from portal.ports.periodic import PeriodicWork


@click.command("jobs")
@click.option("--once", is_flag=True, help="Do what is due now, then end.")
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1, 16),
    help="Threads that work beside each other.",
)
@with_appcontext
def jobs_command(*, once: bool, workers: int) -> None:
    """Do the periodic work, until stopped.

    It delivers mail, handles processor events, closes votes, and lets terms run out. Several of
    these may run at once, on several machines: nothing is done twice.
    """
    work = cast("PeriodicWork", current_app.extensions["stakehold_jobs"])
    if once:
        world = cast("Collaborators", current_app.extensions["stakehold"])
        work.run_due(world.clock.now())
        click.echo("Everything that was due is done.")
    else:
        logging.basicConfig(level=logging.WARNING)
        work.run_forever(workers=workers)
