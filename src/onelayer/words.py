"""Numbers and lists as text for people has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

_MOST, _LONGEST, _TOGETHER = 10, 60, 120
"""How many things a list names, how long one may be, and all of them, in characters."""


def fixed(value: float, digits: int = 4) -> str:
    """Return a number with so many decimals, or in powers of ten where a diverging run has gone."""
    return f"{value:.{digits}f}" if abs(value) < 1e4 else f"{value:.1e}"


def listed(items: Iterable[Any], spell: Callable[[Any], str] = repr, *, every: bool = False) -> str:
    """Return things as text has them: ``'a'``, ``'a' and 'b'``, ``'a', 'b' and 'c'``.

    It is short whatever there is: ``'a', 'b' and 1,234 more``, and long names are shortened. With
    `every` all are named in full.
    """
    items = list(items)
    shown: list[str] = []
    for item in items if every else items[:_MOST]:
        text = spell(item) if every else shortened(spell(item), _LONGEST)
        if shown and not every and len(", ".join([*shown, text])) > _TOGETHER:
            break
        shown.append(text)
    if more := len(items) - len(shown):
        shown.append(f"{more:,} more")
    return " and ".join(filter(None, [", ".join(shown[:-1]), *shown[-1:]]))


def shortened(text: str, longest: int) -> str:
    """Return a text of at most so many characters: what is too much is left out of its middle."""
    if len(text) <= longest:
        return text
    end = longest // 3
    return f"{text[: longest - end - 1]}…{text[-end:]}"
