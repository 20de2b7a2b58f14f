"""Numbers and plurals as findings write them."""

from __future__ import annotations


def percent(fraction: float, digits: int = 2) -> str:
    """Return a fraction as a percentage: 0.9794 is '97.94%'."""
    return f"{100 * fraction:.{digits}f}%"


def points(difference: float, digits: int = 2) -> str:
    """Return a difference of two fractions in percentage points."""
    return f"{100 * difference:.{digits}f} percentage points"


def count(n: int, singular: str, plural: str | None = None) -> str:
    """Return '1 dip', '2 dips', '1,039 steps'."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def number(value: float) -> str:
    """Return four significant digits, with thousands separators for large values."""
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
