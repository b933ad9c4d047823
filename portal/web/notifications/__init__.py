"""Choosing mail on the account page, and stopping it from a link in the mail."""
