"""Numbers and plurals as findings write them."""

from __future__ import annotations

from onelayer.words import in_powers


def percent(fraction: float, digits: int = 2) -> str:
    """Return a fraction as a percentage: 0.9794 is '97.94%'."""
    return f"{signed(fraction, digits)}%"


def points(difference: float, digits: int = 2) -> str:
    """Return a difference of two fractions in percentage points."""
    return f"{signed(difference, digits)} percentage points"


def count(n: int, singular: str, plural: str | None = None) -> str:
    """Return '1 dip', '2 dips', '1,039 steps'."""
    return f"{n:,} {singular if n == 1 else plural or singular + 's'}"


def signed(fraction: float, digits: int = 2) -> str:
    """Return a fraction in hundredths: -0.0123 is '−1.23'."""
    return decimals(100 * fraction, digits)


def decimals(value: float, digits: int = 2) -> str:
    """Return so many decimals, with a proper minus and without one for zero: '−1.23', '0.00'."""
    return f"{value:z.{digits}f}".replace("-", "−")


def span(interval: tuple[float, float], digits: int = 2) -> str:
    """Return an interval of fractions in hundredths: '−1.23 to 0.45'."""
    return f"{signed(interval[0], digits)} to {signed(interval[1], digits)}"


def number(value: float) -> str:
    """Return four significant digits, with thousands separators for large values."""
    text = f"{value:,.0f}" if 10_000 <= abs(value) < 1e15 else in_powers(f"{value:.4g}")
    return text.replace("-", "−", 1) if value < 0 else text
