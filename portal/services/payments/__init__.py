"""What the processor says and what is done about it."""
