"""The public record: log, receipts and bundles."""
