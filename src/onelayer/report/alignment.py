"""Where the steps of a derivation are broken into lines, and where the lines are aligned."""

import re
from collections.abc import Iterator
from typing import Final

_MARK: Final = re.compile(
    r"(?P<ampersand>(?<!\\)&)"
    r"|(?P<clause>,\s+quad\b)"
    r"|(?P<equivalence><==>)"
    r"|(?P<relation>(?<![<>!:=])=(?![=>]))"
    r"|(?P<break>\\(?:\s|$))"
)


def lines_of(math: str) -> list[tuple[str, str]]:
    """Break a formula into lines that are aligned at the end of their left side.

    A chain of equations gets a line for each ``=``, and what stands behind ``, quad`` a line of its
    own; equivalent equations are aligned at their ``<==>``. An ``&`` says where to align instead,
    and nothing else is broken then. Only marks outside brackets and quotes count.

    Parameters
    ----------
    math
        Typst math.

    Returns
    -------
    list of (left, right)
        The two sides of each line; either may be empty. A formula with none of the marks, or with
        line breaks of its own, is one line, all of it left.
    """
    marks = list(_outer_marks(math))
    kinds = {mark.lastgroup for mark in marks}
    if "break" in kinds:
        return [(math.strip(), "")]
    if "ampersand" in kinds:
        place = next(mark for mark in marks if mark.lastgroup == "ampersand")
        return [(math[: place.start()].strip(), math[place.end() :].strip())]
    lines: list[tuple[str, str]] = []
    clauses = [mark for mark in marks if mark.lastgroup == "clause"]
    starts = [0, *(mark.end() for mark in clauses)]
    # The comma stays with the line that it ends.
    ends = [*(mark.start() + 1 for mark in clauses), len(math)]
    for start, end in zip(starts, ends, strict=True):
        within = [mark for mark in marks if start <= mark.start() < end]
        alike = [mark for mark in within if mark.lastgroup == "equivalence"] or within
        cuts = [m.start() for m in alike if m.lastgroup in ("equivalence", "relation")]
        pieces = [math[a:b].strip() for a, b in zip([start, *cuts], [*cuts, end], strict=True)]
        first, *rest = pieces
        lines += zip([first, *[""] * max(len(rest) - 1, 0)], rest or [""], strict=True)
    return lines


def _outer_marks(math: str) -> Iterator[re.Match[str]]:
    depth, quoted, place = 0, False, 0
    while place < len(math):
        sign = math[place]
        if sign == '"':
            quoted = not quoted
        elif not quoted:
            depth += (sign in "([{") - (sign in ")]}")
            mark = _MARK.match(math, place) if depth == 0 else None
            if mark:
                yield mark
                place = mark.end()
                continue
        place += 1
