"""The rule book: plain values in, plain values out; no input or output, no clock, no rows."""
