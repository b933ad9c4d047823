"""What a measurement reports."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """One figure, and how it is judged: at least, or at most, a limit."""

    what: str
    figure: float
    unit: str = ""
    least: float | None = None
    most: float | None = None

    @property
    def verdict(self) -> str:
        """Whether the budget of PERFORMANCE is kept; nothing for figures without one."""
        if self.least is None and self.most is None:
            return ""
        kept = (self.least is None or self.figure >= self.least) and (
            self.most is None or self.figure <= self.most
        )
        return "kept" if kept else "MISSED"

    def __str__(self) -> str:
        budget = ""
        if self.least is not None:
            budget = f"at least {self.least:g}"
        elif self.most is not None:
            budget = f"at most {self.most:g}"
        return f"{self.what:<66}{self.figure:>10.2f} {self.unit:<8}{budget:<16}{self.verdict}"
