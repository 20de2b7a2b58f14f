"""The curves of runs in both studies, over one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from onelayer.diagnosis.pairs import Pair
from onelayer.diagnosis.words import percent
from onelayer.report import linked
from onelayer.report.compare.side import Sides
from onelayer.report.document import Block, FigureBlock, Interactive, Note, Paragraph, Section
from onelayer.report.figure import file_stem
from onelayer.report.figures import both_curves, scales
from onelayer.report.figures.sides import COLOURS
from onelayer.report.inline import literal
from onelayer.report.linked import Chart, Line, Pane
from onelayer.words import fixed, listed

MOST_DRAWN = 12
"""Curves of so many runs are laid over one another, those whose losses differ most."""

MOST_POINTS = 4000
"""Of a run in both studies."""


def curves(sides: Sides, pairs: Sequence[Pair]) -> list[Section]:
    """Lay the curves of each run over one another, where they differ."""
    labels = sides[0].name, sides[1].name
    evaluated = [p for p in pairs if p.first.record.best and p.second.record.best]
    alike = [pair.label for pair in evaluated if pair.has_same_history]
    differ = [pair for pair in evaluated if not pair.has_same_history]
    by_size = sorted(differ, key=lambda p: -abs(p.loss.difference) if p.loss else 0.0)
    drawn = {pair.name for pair in by_size[:MOST_DRAWN]}
    blocks: list[Block] = []
    for pair in differ:
        if pair.name not in drawn:
            continue
        blocks.append(_over_one_another(pair, labels))
    if left := [pair.label for pair in differ if pair.name not in drawn]:
        blocks.append(Note("info", literal(
            f"Not drawn, since their final losses differ least: {listed(left, 10)}."
        )))  # fmt: skip
    if alike:
        blocks.append(Paragraph(literal(
            f"The same curves in both studies, bit for bit: {listed(alike, 10)}."
        )))  # fmt: skip
    if not blocks:
        return []
    return [Section("Curves", "Where do the runs part?", tuple(blocks))]


def _over_one_another(pair: Pair, labels: tuple[str, str]) -> Interactive:
    """Return losses and accuracies of a run in both studies."""
    still, panes, seen = [], [], []
    for what in ("validation loss", "validation accuracy"):
        figure = both_curves(
            pair.first.history, pair.second.history, labels, what,
            title=f"{what.capitalize()} of {pair.label}",
            name=file_stem(what.replace(" ", "-"), pair.name),
        )  # fmt: skip
        seen.append(_ending(pair, what, labels))
        still.append(FigureBlock(figure, f"{literal(pair.label)}: {literal(seen[-1])}."))
        panes.append(_pane(pair, what, labels))
    caption = f"Validation loss: {seen[0]}. Validation accuracy: {seen[1]}."
    chart = Chart(f"Loss and accuracy of {pair.label}", caption, tuple(panes))
    return linked.interactive([chart], still, most=MOST_POINTS)


def _pane(pair: Pair, what: str, labels: tuple[str, str]) -> Pane:
    is_loss = what == "validation loss"
    lines = [
        Line(label, colour, label, run.record.batches_per_epoch, run.curve["step"].to_numpy(),
             run.curve["val_loss"].to_numpy() if is_loss
             else 100 * run.curve["val_accuracy"].to_numpy())
        for run, label, colour in zip((pair.first, pair.second), labels, COLOURS, strict=True)
    ]  # fmt: skip
    if not is_loss:
        return Pane(f"{what} (%)", tuple(lines))
    values = np.concatenate([line.values for line in lines])
    return Pane(what, tuple(lines), scales.high_values_flatten(values))


def _ending(pair: Pair, what: str, labels: tuple[str, str]) -> str:
    """Return where both curves end."""
    ends = []
    for run, label in zip((pair.first, pair.second), labels, strict=True):
        last = run.record.last
        assert last is not None
        value = fixed(last.val_loss) if what == "validation loss" else percent(last.val_accuracy)
        ends.append(f"{label} ends at {value} after step {last.step:,}")
    return ", ".join(ends)
