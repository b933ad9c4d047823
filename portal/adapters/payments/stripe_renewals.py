"""Recurring charges at Stripe: looked at, stopped, changed now or with the next term."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from portal.adapters.payments.stripe_calls import PAGE, translated
from portal.adapters.payments.stripe_invoices import StripeInvoices
from portal.adapters.payments.stripe_messages import change_preview, id_of, renewal_seen
from portal.adapters.payments.stripe_params import invoice_collection_params, phases_params
from portal.domain.errors import Refusal
from portal.ports.payments import (
    ChangePreview,
    ChangeRequest,
    ChangeSeen,
    Collection,
    InvoicePurpose,
    RenewalSeen,
)

if TYPE_CHECKING:
    import stripe
    from stripe.params import SubscriptionUpdateParams

_ENDED = ("canceled", "incomplete_expired")


class StripeRenewals(StripeInvoices):
    """Subscriptions to one tier each."""

    def get_renewal(self, renewal_id: str) -> RenewalSeen:
        """Fetch a recurring charge as it is now, with a change that is scheduled."""
        with translated():
            return self._renewal(renewal_id)

    def list_renewals(self, *, since: datetime) -> list[RenewalSeen]:
        """All recurring charges begun since an instant, the ended ones too, the newest first."""
        with translated():
            page = self._v1.subscriptions.list(
                {"created": {"gte": int(since.timestamp())}, "status": "all", "limit": PAGE}
            )
            return [
                self._renewal(one.id) if one.schedule else renewal_seen(one)
                for one in page.auto_paging_iter()
            ]

    def set_cancel_at_term_end(
        self, renewal_id: str, *, cancel: bool, idempotency_key: str
    ) -> RenewalSeen:
        """Stop, or resume, a recurring charge at the end of the paid term.

        What a schedule manages cannot be cancelled by itself, so the schedule is released first.
        """
        with translated():
            if cancel:
                self._release(self._v1.subscriptions.retrieve(renewal_id), idempotency_key)
            self._v1.subscriptions.update(
                renewal_id, {"cancel_at_period_end": cancel}, {"idempotency_key": idempotency_key}
            )
            return self._renewal(renewal_id)

    def end_renewal(self, renewal_id: str, *, idempotency_key: str) -> RenewalSeen:
        """End a recurring charge now, without money back; harmless if it has ended."""
        with translated():
            if self._v1.subscriptions.retrieve(renewal_id).status not in _ENDED:
                self._v1.subscriptions.cancel(renewal_id, {}, {"idempotency_key": idempotency_key})
            return self._renewal(renewal_id)

    def preview_change(self, request: ChangeRequest, *, at: datetime) -> ChangePreview:
        """What the invoice of a change at ``at`` would say."""
        with translated():
            price = self._price_of(request)
            subscription = self._v1.subscriptions.retrieve(request.renewal_id)
            (item,) = subscription.items.data
            invoice = self._v1.invoices.create_preview(
                {
                    "subscription": request.renewal_id,
                    "subscription_details": {
                        "items": [{"id": item.id, "price": price}],
                        "proration_behavior": "always_invoice",
                        "proration_date": int(at.timestamp()),
                    },
                }
            )
        return change_preview(invoice, at)

    def change_renewal(
        self, request: ChangeRequest, *, at: datetime, idempotency_key: str
    ) -> ChangeSeen:
        """Change the price now and invoice the difference at once.

        By card the change waits for its payment (Stripe's pending update), so that nobody has a
        tier that is not paid. Made already, it is only looked at.
        """
        with translated():
            price = self._price_of(request)
            subscription = self._v1.subscriptions.retrieve(request.renewal_id)
            (item,) = subscription.items.data
            if item.price.id != price:
                self._release(subscription, idempotency_key)
                params: SubscriptionUpdateParams = {
                    "items": [{"id": item.id, "price": price}],
                    "proration_behavior": "always_invoice",
                    "proration_date": int(at.timestamp()),
                }
                if subscription.collection_method == "charge_automatically":
                    params["payment_behavior"] = "pending_if_incomplete"
                subscription = self._v1.subscriptions.update(
                    request.renewal_id, params, {"idempotency_key": idempotency_key}
                )
            latest = id_of(subscription.latest_invoice)
            sent = subscription.collection_method == "send_invoice"
            look = partial(self._issued, idempotency_key=idempotency_key) if sent else self._invoice
            invoice = look(latest) if latest else None
            if invoice is not None and invoice.purpose is not InvoicePurpose.CHANGE:
                invoice = None
            return ChangeSeen(self._renewal(request.renewal_id), invoice)

    def restore_tier(self, request: ChangeRequest, *, idempotency_key: str) -> RenewalSeen:
        """Set another price without proration; set already, it is only looked at."""
        with translated():
            price = self._price_of(request)
            subscription = self._v1.subscriptions.retrieve(request.renewal_id)
            (item,) = subscription.items.data
            if item.price.id != price:
                self._release(subscription, idempotency_key)
                self._v1.subscriptions.update(
                    request.renewal_id,
                    {
                        "items": [{"id": item.id, "price": price}],
                        "proration_behavior": "none",
                    },
                    {"idempotency_key": idempotency_key},
                )
            return self._renewal(request.renewal_id)

    def schedule_change(self, request: ChangeRequest, *, idempotency_key: str) -> RenewalSeen:
        """Change the price when the paid term ends, by a subscription schedule."""
        schedules = self._v1.subscription_schedules
        with translated():
            price = self._price_of(request)
            subscription = self._v1.subscriptions.retrieve(request.renewal_id)
            (item,) = subscription.items.data
            if (known := id_of(subscription.schedule)) is not None:
                schedule = schedules.retrieve(known)
            else:
                schedule = schedules.create(
                    {"from_subscription": request.renewal_id},
                    {"idempotency_key": f"{idempotency_key}-begin"},
                )
            current = schedule.current_phase
            schedules.update(
                schedule.id,
                phases_params(
                    request,
                    old_price=item.price.id,
                    new_price=price,
                    starts_at=current.start_date if current else item.current_period_start,
                    changes_at=item.current_period_end,
                ),
                {"idempotency_key": f"{idempotency_key}-phases"},
            )
            return self._renewal(request.renewal_id)

    def release_change(self, renewal_id: str, *, idempotency_key: str) -> RenewalSeen:
        """Forget a change that was scheduled; harmless if there is none."""
        with translated():
            self._release(self._v1.subscriptions.retrieve(renewal_id), idempotency_key)
            return self._renewal(renewal_id)

    def set_collection(
        self,
        renewal_id: str,
        collection: Collection,
        *,
        days_until_due: int | None = None,
        po_number: str = "",
        idempotency_key: str,
    ) -> RenewalSeen:
        """Charge the payer's card from the next term on, or send an invoice; the term goes on."""
        with translated():
            if collection is Collection.INVOICE:
                params = invoice_collection_params(days_until_due or 30, po_number)
            else:
                self._require_card(self._v1.subscriptions.retrieve(renewal_id))
                params = {"collection_method": "charge_automatically"}
            self._v1.subscriptions.update(renewal_id, params, {"idempotency_key": idempotency_key})
            return self._renewal(renewal_id)

    def _require_card(self, subscription: stripe.Subscription) -> None:
        if subscription.default_payment_method is not None:
            return
        payer = self._v1.customers.retrieve(id_of(subscription.customer) or "")
        settings = payer.invoice_settings
        if settings is None or settings.default_payment_method is None:
            raise Refusal("processor.no_card", "There is no card on file; add one first.")

    def _release(self, subscription: stripe.Subscription, idempotency_key: str) -> None:
        schedule = id_of(subscription.schedule)
        if schedule is not None:
            self._v1.subscription_schedules.release(
                schedule, {}, {"idempotency_key": f"{idempotency_key}-release"}
            )
