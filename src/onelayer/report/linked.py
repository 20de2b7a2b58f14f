"""Curves over steps for a reader's hand: panes over one another that share the steps.

A chart is what the page's script ``interactives/curves.js`` draws: its lines hold every step and
every evaluation, or of long or many runs so many that the extremes are among them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onelayer.diagnosis.statistics import extremes
from onelayer.report import packed, style
from onelayer.report.document import Block, Interactive

FEW_EPOCHS: Final = 5
"""So many are in view by a button, of runs that have three times as many."""

_LOW_BITS: Final = 0xFF
"""Of a float32, for which its first five digits do not need them."""


@dataclass(frozen=True, eq=False)
class Line:
    """One curve.

    Parameters
    ----------
    label
        Its entry in the legend; lines of one label are switched together.
    colour
        Of all lines of the label.
    run
        Whose it is.
    batches_per_epoch
        Of that run.
    steps, values
        Shape (n,), steps rising; values that are not finite are gaps.
    pale
        Whether it stands back, as losses of single batches do.
    """

    label: str
    colour: style.Colour
    run: str
    batches_per_epoch: int
    steps: NDArray[np.integer]
    values: NDArray[np.floating]
    pale: bool = False

    def thinned(self, most: int) -> Line:
        """Return the line with so many points, its extremes among them."""
        kept = extremes(self.values, max(most, 4))
        if len(kept) == len(self.steps):
            return self
        return Line(self.label, self.colour, self.run, self.batches_per_epoch,
                    self.steps[kept], self.values[kept], self.pale)  # fmt: skip

    def as_values(self) -> dict[str, Any]:
        """Return what the script reads; steps are packed as differences, which are all alike."""
        return {
            "label": self.label, "colour": self.colour.variable, "run": self.run,
            "batches": self.batches_per_epoch, "pale": self.pale,
            "steps": packed.array(np.diff(self.steps, prepend=0).astype(np.int32)),
            "values": packed.array(_short(self.values)),
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Pane:
    """One of the plots that stand over one another.

    Parameters
    ----------
    title
        Of the y axis; ``"%"`` in it makes values percentages.
    lines
        Drawn in this order.
    logarithmic
        How the y axis begins; None where it has no choice.
    """

    title: str
    lines: tuple[Line, ...]
    logarithmic: bool | None = None


@dataclass(frozen=True, eq=False)
class Chart:
    """Panes over the same steps.

    Parameters
    ----------
    name
        What it shows, plain text.
    caption
        What is seen in it, plain text.
    panes
        One or more.
    marks
        Steps that are marked, with what they are.
    patience
        What :func:`onelayer.report.sections.early_stopping.early_stopping` asks the slider to show;
        None without one.
    """

    name: str
    caption: str
    panes: tuple[Pane, ...]
    marks: tuple[tuple[int, str], ...] = ()
    patience: Mapping[str, Any] | None = field(default=None)

    def as_values(self, most: int) -> dict[str, Any]:
        """Return what the script reads, with at most so many points."""
        lines = [line for pane in self.panes for line in pane.lines]
        share = most // max(1, len(lines))
        thin = {id(line): line.thinned(share) for line in lines}
        end = max((int(line.steps[-1]) for line in lines if len(line.steps)), default=0)
        batches = lines[0].batches_per_epoch if lines else 1
        return {
            "name": self.name,
            "caption": self.caption,
            "end": max(1, end),
            "batches": batches,
            "zooms": _zooms(max(1, end), batches),
            "marks": [{"step": step, "text": text} for step, text in self.marks],
            "thinned": any(line is not thin[id(line)] for line in lines),
            "patience": self.patience,
            "panes": [
                {
                    "title": pane.title,
                    "logarithmic": pane.logarithmic,
                    "percent": "%" in pane.title,
                    "lines": [thin[id(line)].as_values() for line in pane.lines],
                }
                for pane in self.panes
            ],
        }


def interactive(
    charts: Sequence[Chart], still: Sequence[Block], *, most: int, anchor: str = ""
) -> Interactive:
    """Return charts, one of which is seen at a time, with what stands in their place.

    Parameters
    ----------
    charts
        In the order in which a reader chooses among them.
    still
        For paper and where scripts are off.
    most
        So many points may each chart have.
    anchor
        What links lead to.
    """
    data = {"charts": [chart.as_values(most) for chart in charts]}
    return Interactive("curves", data, tuple(still), anchor)


def _zooms(end: int, batches: int) -> list[dict[str, Any]]:
    """Return the views that have a button: the whole, the first epochs, the last ones."""
    whole = {"text": "Whole run", "from": 0, "to": end}
    epochs = (end + 1) // batches
    few = FEW_EPOCHS if epochs >= 3 * FEW_EPOCHS else epochs // 3
    if few == 0:
        return [whole]
    name = "epoch" if few == 1 else f"{few} epochs"
    return [
        whole,
        {"text": f"First {name}", "from": 0, "to": few * batches},
        {"text": f"Last {name}", "from": max(0, end - few * batches), "to": end},
    ]


def _short(values: ArrayLike) -> NDArray[np.float32]:
    """Return values as float32 whose last bits, which nobody reads, are zero: they pack well."""
    short = np.array(values, np.float32)
    bits = short.view(np.uint32)
    finite = np.isfinite(short)
    bits[finite] = (bits[finite] + np.uint32(_LOW_BITS // 2 + 1)) & ~np.uint32(_LOW_BITS)
    return short
