"""The payment gateway, whose SDK is loaded at its first use: it takes a second and most requests need none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portal.settings import Settings


class LazyStripeGateway:
    """Stands for the Stripe gateway until something is asked of it."""

    name = "stripe"

    def __init__(self, settings: Settings) -> None:
        """Keep the settings; load nothing."""
        self._settings = settings
        self._gateway: Any = None
        self.livemode = settings.livemode

    def __getattr__(self, attribute: str) -> Any:  # noqa: ANN401 - whatever the gateway has
        """Load the gateway and hand over."""
        if self._gateway is None:
            from portal.adapters.payments.stripe_gateway import StripeGateway

            self._gateway = StripeGateway(
                api_key=self._settings.stripe_api_key,
                webhook_secret=self._settings.stripe_webhook_secret,
                api_base=self._settings.stripe_api_base,
                livemode=self._settings.livemode,
            )
        return getattr(self._gateway, attribute)
