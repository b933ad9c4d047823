"""``portal verify``: recompute a bundle with this portal's own rule book; needs no database."""

from __future__ import annotations

from pathlib import Path

import click

from portal.domain.record.archive import BundleWrong, read_archive
from portal.domain.record.bundle import check_bundle
from portal.domain.record.notes import NoteWrong, read_verifier_key


@click.command("verify")
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--key", "keys", multiple=True, help="Trust this key alone, as /record/key gives it.")
def verify_command(bundle: Path, keys: tuple[str, ...]) -> None:
    """Check the BUNDLE of a vote.

    Names the first thing that differs, if anything does.
    """
    try:
        files = read_archive(bundle.read_bytes())
        held = check_bundle(files, [read_verifier_key(key) for key in keys])
    except (BundleWrong, NoteWrong) as error:
        raise click.ClickException(f"{error}.") from error
    for sentence in held:
        click.echo(f"holds: {sentence}")
    if not keys:
        click.echo("Compare the key with the one that the portal publishes:")
        click.echo(files["key.txt"].decode().strip())
