"""``portal tally FILE``: count a ballot file with the portal's own engine, no database needed."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from portal.cli.tally_text import print_report
from portal.domain.errors import Refusal
from portal.domain.tally.file_counts import count_file
from portal.domain.tally.file_rules import Completion, FileRules
from portal.domain.tally.formats import encoding_of, read_ballots
from portal.domain.tally.options import Unranked
from portal.domain.votes import Method


class _Share(click.ParamType[Fraction]):
    """A share such as 2/3, 0.5 or 60%, above the least one."""

    name = "share"

    def __init__(self, above: Fraction = Fraction(-1)) -> None:
        """Take the share that is just not enough."""
        self._above = above

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Fraction:
        """Read a share of at most 1."""
        if isinstance(value, Fraction):
            return value
        text = str(value).strip()
        try:
            share = Fraction(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except (ValueError, ZeroDivisionError):
            self.fail("a share is written like 2/3, 0.5 or 60%", param, ctx)
        if not self._above < share <= 1 or share < 0:
            self.fail(f"{text} is no share that could be asked for", param, ctx)
        return share


class _Root(click.ParamType[bytes]):
    """The root of a log in hexadecimal."""

    name = "hex"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        """Read bytes."""
        try:
            return value if isinstance(value, bytes) else bytes.fromhex(str(value))
        except ValueError:
            self.fail("a root is written in hexadecimal", param, ctx)


@click.command("tally")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--method",
    type=click.Choice([method.value for method in Method]),
    help="How to count: ranked for CSV and PrefLib, budget for pabulib, unless told otherwise.",
)
@click.option(
    "--unranked",
    type=click.Choice([policy.value for policy in Unranked]),
    callback=lambda _context, _option, value: Unranked(value),
    default=Unranked.ABSTAIN.value,
    show_default=True,
    help="What an option left unranked means: it takes part in no pair, or it comes last.",
)
@click.option(
    "--seats",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many options win.",
)
@click.option(
    "--completion",
    type=click.Choice([completion.value for completion in Completion]),
    callback=lambda _context, _option, value: Completion(value),
    default=Completion.ADD1.value,
    show_default=True,
    help="How a budget is completed: all shares raised by one unit at a time, the rest filled by "
    "approving weight, both, or not at all.",
)
@click.option(
    "--threshold", type=_Share(Fraction(1, 2)), help="Yes/no: a share above 1/2; else more for."
)
@click.option(
    "--quorum", type=_Share(), default="0", help="Yes/no: a share of the ballots and their weight."
)
@click.option("--payments", is_flag=True, help="Say what each ballot paid in a budget.")
@click.option("--root", type=_Root(), default="", help="Root of the closed log; it orders ties.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print JSON instead of text. Numbers that are not whole are exact strings: 2.5 or 5/3.",
)
def tally_command(file: Path, method: str | None, *, as_json: bool, **settings: Any) -> None:  # noqa: ANN401 - the fields of FileRules
    """Count the ballots in FILE.

    FILE is CSV, pabulib (.pb) or PrefLib (.soc .soi .toc .toi). A cell of a CSV file is a rank,
    or by --method a mark of approval, a score, votes, or for, against and abstain. Nothing is
    stored. Exit status: 0 counted, 1 the file cannot be counted, 2 an option is wrong.
    """
    rules = FileRules(**settings)
    try:
        with file.open("rb") as opened:
            encoding = encoding_of(opened.read(2))
        with file.open(encoding=encoding, newline="") as lines:
            ballots = read_ballots(file.name, lines, None if method is None else Method(method))
        report = count_file(ballots, rules)
    except Refusal as refusal:
        raise click.ClickException(f"{file}: {refusal.message}") from None
    except UnicodeError:
        raise click.ClickException(f"{file}: this is not UTF-8 text: save it as UTF-8.") from None
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}.") from None
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        print_report(report)
