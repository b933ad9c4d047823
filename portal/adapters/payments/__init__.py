"""Payment processors behind the payment port."""
