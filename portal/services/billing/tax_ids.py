"""Whether a tax id looks like one of its country's; a doubt is told and never blocks."""

from __future__ import annotations

from stdnum import get_cc_module

_KINDS = ("vat", "tin", "uid", "ein", "abn", "gst", "bn", "cnpj", "rut", "orgnr", "businessid")


def looks_wrong(country: str, tax_id: str) -> bool:
    """Whether the country's rules are known and the tax id fits none of them (check digits too)."""
    if not country or not tax_id:
        return False
    rules = [rule for kind in _KINDS if (rule := get_cc_module(country.lower(), kind))]
    return bool(rules) and not any(rule.is_valid(tax_id) for rule in rules)
