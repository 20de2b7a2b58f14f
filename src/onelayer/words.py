"""Numbers and lists as text for people has them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Any

from onelayer.errors import Argument, InputError

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt]?)(i?)b?)", re.IGNORECASE)
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}

_MOST, _LONGEST, _TOGETHER = 10, 60, 120
"""How many things a list names, how long one may be, and all of them, in characters."""


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def in_powers(text: str) -> str:
    """Return a number that Python writes as 3.1e-09 as people have it: 3.1 × 10⁻⁹."""
    digits, _, power = text.partition("e")
    return f"{digits} × 10{str(int(power)).translate(_RAISED)}" if power else text


def fixed(value: float | None, digits: int = 4) -> str:
    """Return a number with so many decimals, or in powers of ten where a diverging run has gone.

    "–" where there is none: None, or NaN.
    """
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.{digits}f}" if abs(value) < 1e4 else in_powers(f"{value:.1e}")


def first_sentence(text: str) -> str:
    """Return a text up to the end of its first sentence, which begins the next with a capital."""
    found = re.match(r".*?\.(?=\s+[“\"]?[A-ZΑ-Ω])", text, re.DOTALL)
    return found[0] if found else text


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


def number_of(count: int, noun: str) -> str:
    """Return "1 class", "1,200 classes"."""
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"


def listed(items: Iterable[object], most: int | None = None) -> str:
    """Return 'a', 'a and b', 'a, b and c'; beyond `most` items 'a, b and 5 more'."""
    texts = [str(item) for item in items]
    if most is not None and len(texts) > most:
        texts = [*texts[:most], f"{len(texts) - most:,} more"]
    return " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))


def parse_bytes(text: str | int, name: str) -> int:
    """Return how many bytes a size is, such as "500 MB", "1.5GB", "1GiB" or "4096".

    Parameters
    ----------
    text : str or int
        A number and a unit: B, kB, MB, GB or TB, powers of 1000; KiB, MiB, GiB or TiB, powers of
        1024; in any case, the B may be left out. Without a unit, or as an int, it is bytes.
    name : str
        Of the argument, for messages.

    Raises
    ------
    InputError
        If it is no such size, or less than 1 byte.
    """
    found = _SIZE.fullmatch(str(text).strip())
    size = 0
    if found is not None and not (found[3] and not found[2]):
        size = int(float(found[1]) * (1024 if found[3] else 1000) ** _POWER[found[2].lower()])
    if size < 1:
        raise InputError(
            Argument(name),
            f": {shortened(str(text), _LONGEST)!r} is no size; give a number with a unit, such as "
            "500MB, 1GB or 1GiB.",
        )
    return size


def bytes_in_words(size: int) -> str:
    """Return a number of bytes as people have it: "12 kB", "1.5 GB"."""
    for power, unit in ((4, "TB"), (3, "GB"), (2, "MB"), (1, "kB")):
        if size >= 1000**power:
            return f"{size / 1000**power:.3g} {unit}"
    return f"{size} B"


def name_of_source(source: str) -> str:
    """Return what data is called: of a folder its name without the path, nobody's business."""
    return PurePath(source).name or source
