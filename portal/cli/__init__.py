"""What an operator types: ``portal --help`` lists it."""

from __future__ import annotations

from portal.cli.database import database_group
from portal.cli.demonstration import demo_command
from portal.cli.jobs import jobs_command
from portal.cli.projects import operator_group, project_group
from portal.cli.sandbox import sandbox_command
from portal.cli.tally import tally_command

COMMANDS = (
    demo_command,
    database_group,
    operator_group,
    project_group,
    jobs_command,
    sandbox_command,
    tally_command,
)
