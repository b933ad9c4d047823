"""The read side: one function per page, returning frozen dataclasses."""
