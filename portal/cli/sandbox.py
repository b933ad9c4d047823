"""``portal sandbox``: the stand-in for Stripe as a server of its own."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("sandbox")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=12111,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port to listen on.",
)
@click.option(
    "--webhook-url",
    default="http://127.0.0.1:8000/webhooks/stripe",
    show_default=True,
    help="Where its events go: the portal.",
)
@click.option(
    "--api-key",
    envvar="STAKEHOLD_STRIPE_API_KEY",
    default="sk_test_sandbox",
    show_default=True,
    help="The key that callers must name.",
)
@click.option(
    "--webhook-secret",
    envvar="STAKEHOLD_STRIPE_WEBHOOK_SECRET",
    default="whsec_sandbox",
    show_default=True,
    help="What its events are signed with.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that keeps the sandbox's objects between starts; without it, memory only.",
)
def sandbox_command(
    host: str,
    port: int,
    webhook_url: str,
    api_key: str,
    webhook_secret: str,
    state: Path | None,
) -> None:
    """Serve the sandbox payment processor; refused in production."""
    # It loads Stripe's SDK, which takes a second that the other commands need not spend.
    from portal.sandbox.server import serve  # noqa: PLC0415

    try:
        serve(
            host,
            port,
            api_key=api_key,
            webhook_url=webhook_url,
            webhook_secret=webhook_secret,
            state_path=state,
        )
    except RuntimeError as refusal:
        raise click.ClickException(f"{refusal}.") from refusal
