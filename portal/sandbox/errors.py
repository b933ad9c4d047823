"""Refusals in the shape in which Stripe says no."""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """An answer other than success: HTTP status, error type, stable code, sentence, parameter."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
    ) -> None:
        """Keep what the answer's body will say."""
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param

    def body(self, request_id: str) -> dict[str, Any]:
        """The JSON body, with optional members only where they are set."""
        error: dict[str, Any] = {"type": self.kind, "message": self.message}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://docs.stripe.com/error-codes/{self.code.replace('_', '-')}"
        if self.param is not None:
            error["param"] = self.param
        error["request_log_url"] = f"/requests#{request_id}"
        return {"error": error}


def missing_object(kind: str, identifier: str, param: str = "id") -> StripeError:
    """404 as Stripe words it by code: the object does not exist in this account."""
    return StripeError(
        f"No such {kind}: '{identifier}'", status=404, code="resource_missing", param=param
    )
