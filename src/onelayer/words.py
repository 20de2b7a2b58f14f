"""Numbers and lists as text for people has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

_MOST, _LONGEST, _TOGETHER = 10, 60, 120
"""How many things a list names, how long one may be, and all of them, in characters."""


def fixed(value: float, digits: int = 4) -> str:
    """Return a number with so many decimals, or in powers of ten where a diverging run has gone."""
    return f"{value:.{digits}f}" if abs(value) < 1e4 else f"{value:.1e}"


def first_few(items: Iterable[Any], spell: Callable[[Any], str] = repr) -> str:
    """Return things as text for a message: the first few, and how many more there are.

    ``'a', 'b' and 1,234 more``. It is short whatever there is: names are shortened as well.
    """
    items = list(items)
    shown: list[str] = []
    for item in items[:_MOST]:
        text = shortened(spell(item), _LONGEST)
        if shown and len(", ".join([*shown, text])) > _TOGETHER:
            break
        shown.append(text)
    more = len(items) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def shortened(text: str, longest: int) -> str:
    """Return a text of at most so many characters: what is too much is left out of its middle."""
    if len(text) <= longest:
        return text
    end = longest // 3
    return f"{text[: longest - end - 1]}…{text[-end:]}"


def listed(items: Iterable[object], most: int | None = None) -> str:
    """Return 'a', 'a and b', 'a, b and c'; beyond `most` items 'a, b and 5 more'."""
    texts = [str(item) for item in items]
    if most is not None and len(texts) > most:
        texts = [*texts[:most], f"{len(texts) - most:,} more"]
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))
