"""Numbers and lists as text for people has them."""

from __future__ import annotations

from collections.abc import Iterable


def fixed(value: float, digits: int = 4) -> str:
    """Return a number with so many decimals, or in powers of ten where a diverging run has gone."""
    return f"{value:.{digits}f}" if abs(value) < 1e4 else f"{value:.1e}"


def listed(items: Iterable[object], most: int | None = None) -> str:
    """Return 'a', 'a and b', 'a, b and c'; beyond `most` items 'a, b and 5 more'."""
    texts = [str(item) for item in items]
    if most is not None and len(texts) > most:
        texts = [*texts[:most], f"{len(texts) - most:,} more"]
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))
