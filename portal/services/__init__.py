"""The verbs: one function per use case; they never commit, render or read the clock."""
