"""Numbers and lists as text for people has them."""

from __future__ import annotations


def fixed(value: float, digits: int = 4) -> str:
    """Return a number with so many decimals, or in powers of ten where a diverging run has gone."""
    return f"{value:.{digits}f}" if abs(value) < 1e4 else f"{value:.1e}"
