"""Security headers on every answer; nothing personal is ever stored in a shared cache."""

from __future__ import annotations

from flask import Flask, Response

_STRIPE_PAGES = "https://checkout.stripe.com https://billing.stripe.com"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self' {checkout}; frame-ancestors 'none'; base-uri 'none'; "
    "manifest-src 'self'"
)


def init_headers(app: Flask) -> None:
    """Add the headers to every answer, unless a view chose its own."""
    settings = app.extensions["stakehold"].settings
    # A form may end in a redirect to a page of the processor: Chromium applies form-action to it.
    checkout = settings.stripe_api_base or _STRIPE_PAGES
    headers = {
        "Content-Security-Policy": _POLICY.format(checkout=checkout),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
        "Cache-Control": "no-store",
    }
    if settings.secure_cookies:
        headers["Strict-Transport-Security"] = "max-age=31536000"

    @app.after_request
    def add_headers(response: Response) -> Response:
        chosen = {name.lower() for name, _value in response.headers}
        for name, value in headers.items():
            if name.lower() not in chosen:
                response.headers.add(name, value)
        return response
