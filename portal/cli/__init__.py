"""What an operator types: ``portal --help`` lists it."""

from __future__ import annotations

from importlib import import_module
from typing import cast

import click

# Loaded by name when they are asked for: some need what no other command and no web worker does.
_COMMANDS = {
    "database": "portal.cli.database:database_group",
    "demo": "portal.cli.demonstration:demo_command",
    "jobs": "portal.cli.jobs:jobs_command",
    "operator": "portal.cli.projects:operator_group",
    "project": "portal.cli.projects:project_group",
    "record": "portal.cli.keys:record_group",
    "sandbox": "portal.cli.sandbox:sandbox_command",
    "selfcheck": "portal.cli.selfcheck:selfcheck_command",
    "tally": "portal.cli.tally:tally_command",
    "verify": "portal.cli.verify:verify_command",
}


class _Commands(click.Group):
    """A group whose commands are loaded when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted."""
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name].split(":")
        return cast("click.Command", getattr(import_module(module), name))


@click.group("portal", cls=_Commands)
def commands() -> None:
    """Run and look after a Stakehold portal.

    Settings come from the environment (STAKEHOLD_…), see docs/operations.md; `portal demo`
    needs none.
    """
