"""What users wait for, measured against a limit or a peer in the same run: ``make bench``.

Absolute times say little about another machine; ratios within one run say much. Nothing here is a
test: a slow machine fails nobody. Each module measures one subject by a ``measure`` function.
"""
