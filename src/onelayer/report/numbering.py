"""The numbers of figures: the same on the page, where a hand uses some, and on paper."""

from __future__ import annotations

from string import ascii_lowercase

from onelayer.report.document import Document, FigureBlock, Interactive, unfolded


def figure_labels(document: Document) -> list[str]:
    """Return what each figure is called, in reading order: "1", "2a", "2b", "3".

    What stands in the place of one interactive has one number, as that has on the page; so has what
    another section draws of it on paper, where the page leads back to it.
    """
    behind = {
        id(block): _place(own) for own in document.interactives() for block in unfolded(own.still)
    }
    figures = [block for block in document.blocks() if isinstance(block, FigureBlock)]
    together: dict[str | int, list[int]] = {}
    for place, block in enumerate(figures):
        together.setdefault(behind.get(id(block), id(block)), []).append(place)
    labels = [""] * len(figures)
    for number, places in enumerate(together.values(), start=1):
        for k, place in enumerate(places):
            labels[place] = f"{number}{_letters(k) if len(places) > 1 else ''}"
    return labels


def _place(own: Interactive) -> str | int:
    """Return what tells an interactive, or the one that it leads to, from the others."""
    return own.anchor or own.data.get("anchor") or id(own)


def _letters(k: int) -> str:
    return (_letters(k // 26 - 1) if k >= 26 else "") + ascii_lowercase[k % 26]
