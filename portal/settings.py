"""Settings of one instance, read once from the environment and frozen."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "STAKEHOLD_"


class SettingsIncomplete(Exception):
    """One or more settings are missing or contradict each other; every one of them is named."""

    def __init__(self, problems: list[str]) -> None:
        """Keep the problems, one sentence each."""
        super().__init__("Settings are incomplete:\n- " + "\n- ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs from one instance to the next.

    ``demonstration`` switches on the personas page, the mailbox and the sandbox processor and is
    refused in production. Sign-in providers without a client id are switched off.
    """

    environment: str
    demonstration: bool
    secret_key: str
    base_url: str
    site_name: str
    database_url: str
    var_path: Path
    record_key_path: Path
    mail_url: str
    mail_from: str
    mailbox_path: Path | None
    stripe_api_key: str
    stripe_webhook_secret: str
    stripe_api_base: str | None
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str
    oidc_name: str
    github_client_id: str
    github_client_secret: str
    github_base: str
    rate_limit_storage: str
    queue_url: str
    trusted_proxies: int

    @property
    def livemode(self) -> bool:
        """Whether the processor key takes real money."""
        return self.stripe_api_key.startswith(("sk_live_", "rk_live_"))

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies are limited to HTTPS: as soon as the portal is reached by it."""
        return self.base_url.startswith("https://")


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings; in production every missing key is named at once."""

    def get(name: str, default: str = "") -> str:
        return environ.get(PREFIX + name, default).strip()

    environment = get("ENV", "production")
    demonstration = get("DEMONSTRATION") == "1"
    var_path = Path(get("VAR", "var"))
    problems: list[str] = []
    if environment == "production":
        if demonstration:
            problems.append(f"{PREFIX}DEMONSTRATION=1 is not allowed in production.")
        problems += [
            f"{PREFIX}{name} is not set: {why}"
            for name, why in (
                ("SECRET_KEY", "a long random text that signs cookies."),
                ("BASE_URL", "the address people use, such as https://stakes.example.org."),
                ("DATABASE_URL", "postgresql+psycopg://… or sqlite:////path/to/file.db."),
                ("MAIL_URL", "smtp://user:password@host:587 or smtps://… ."),
                ("MAIL_FROM", "the sender of the portal's mail."),
                ("STRIPE_API_KEY", "the secret key of the Stripe account."),
                ("STRIPE_WEBHOOK_SECRET", "the signing secret of the webhook endpoint."),
            )
            if not get(name)
        ]
        if get("STRIPE_API_BASE"):
            problems.append(f"{PREFIX}STRIPE_API_BASE points to a stand-in: not in production.")
    if problems:
        raise SettingsIncomplete(problems)
    mailbox = get("MAILBOX_PATH")
    return Settings(
        environment=environment,
        demonstration=demonstration,
        secret_key=get("SECRET_KEY") or secrets.token_urlsafe(32),
        base_url=get("BASE_URL", "http://127.0.0.1:8000").rstrip("/"),
        site_name=get("SITE_NAME", "Stakehold"),
        database_url=get("DATABASE_URL", f"sqlite:///{(var_path / 'portal.db').absolute()}"),
        var_path=var_path,
        record_key_path=Path(get("RECORD_KEY") or var_path / "record-key.json"),
        mail_url=get("MAIL_URL", "smtp://127.0.0.1:8025"),
        mail_from=get("MAIL_FROM", "Stakehold <portal@stakehold.example>"),
        mailbox_path=Path(mailbox) if mailbox else None,
        stripe_api_key=get("STRIPE_API_KEY", "sk_test_sandbox"),
        stripe_webhook_secret=get("STRIPE_WEBHOOK_SECRET", "whsec_sandbox"),
        stripe_api_base=get("STRIPE_API_BASE") or None,
        oidc_issuer=get("OIDC_ISSUER"),
        oidc_client_id=get("OIDC_CLIENT_ID"),
        oidc_client_secret=get("OIDC_CLIENT_SECRET"),
        oidc_name=get("OIDC_NAME", "Single sign-on"),
        github_client_id=get("GITHUB_CLIENT_ID"),
        github_client_secret=get("GITHUB_CLIENT_SECRET"),
        github_base=get("GITHUB_BASE", "https://github.com"),
        rate_limit_storage=get("RATE_LIMIT_STORAGE", "memory://"),
        queue_url=get("QUEUE_URL"),
        trusted_proxies=int(get("TRUSTED_PROXIES", "0")),
    )
