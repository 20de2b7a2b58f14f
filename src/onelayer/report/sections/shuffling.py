"""Shuffled against unshuffled batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from onelayer.diagnosis import Finding
from onelayer.diagnosis.checks.shuffling_speed import ShufflingSpeed
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.diagnosis.words import percent
from onelayer.report import linked, style
from onelayer.report.document import Block, FigureBlock, Interactive, Note, Section
from onelayer.report.figure import file_stem
from onelayer.report.figures import MOST_LINES, accuracy_comparison, scales
from onelayer.report.inline import literal, plain
from onelayer.report.linked import Chart, Line, Pane
from onelayer.report.sections import charts
from onelayer.report.sections.dips import at_head, of_dips
from onelayer.report.sections.material import Material, measured, said
from onelayer.study import ORDERS, RunOutcome, SectionChoice


def shuffling(material: Material, choice: SectionChoice) -> Section:
    """Draw shuffled and unshuffled runs together, and compare their dips."""
    runs = material.runs(choice)
    findings = material.findings_of(AccuracyDips, runs)
    found = [(f.runs[0], d) for f, d in measured(findings, AccuracyDips) if d.culprit is not None]
    by_name = {run.name: run for run in runs}
    history = pl.concat([run.history for run in runs])
    none = history.head(0).select("run", "step", "val_accuracy")
    after = [
        pl.concat([none, *(_after_the_batch(run, dips) for dips in _of(findings, run))])
        for run in runs
    ]
    marked = pl.concat(after)
    orders = {run.record.config.order for run in runs}
    labels = {run.label: run.name for run in runs}
    name = file_stem("shuffling", *(run.name for run in runs))
    figure = accuracy_comparison(history, labels, dips=marked, name=name)
    seen = [_seen(run, marks) for run, marks in zip(runs, after, strict=True)]
    still = FigureBlock(figure, literal(" ".join(seen[:MOST_LINES])))
    blocks: list[Block] = [
        still if len(runs) > MOST_LINES else _linked(material, labels, runs, still)
    ]
    for run_name, dips in found:
        shape = ImageShape.of(material.outcome.data)
        run = by_name[run_name]
        blocks += of_dips(run, dips, shape, at_head=run_name == at_head(material))
    answer: list[Block] = [*said(findings), *said(material.findings_of(ShufflingSpeed, runs))]
    if len(orders) == 1:
        only = f"All runs here have one order, {ORDERS[orders.pop()]}: there is nothing to compare."
        answer.insert(0, Note("info", only))
    several = len(orders) > 2
    question = (
        "What does the order of the examples change?" if several
        else "What does shuffling the examples anew in each epoch change?"
    )  # fmt: skip
    title = choice.title or ("The orders compared" if several else "Shuffled against unshuffled")
    return Section(title, question, tuple(blocks), tuple(answer))


def _linked(
    material: Material, labels: Mapping[str, str], runs: Sequence[RunOutcome], still: FigureBlock
) -> Interactive:
    """Return the losses and the accuracies of the runs over one another."""
    losses: list[Line] = []
    accuracies: list[Line] = []
    for label, run, colour in zip(labels, runs, style.series(len(runs)), strict=True):
        curve, batches = run.curve, run.record.batches_per_epoch
        for lines, values in (
            (losses, curve["val_loss"].to_numpy()),
            (accuracies, 100 * curve["val_accuracy"].to_numpy()),
        ):
            lines.append(Line(label, colour, run.label, batches, curve["step"].to_numpy(), values))
    every = np.concatenate([line.values for line in losses])
    panes = (
        Pane("validation loss", tuple(losses), scales.high_values_flatten(every)),
        Pane("validation accuracy (%)", tuple(accuracies)),
    )
    chart = Chart(still.figure.title, plain(still.caption), panes)
    return linked.interactive([chart], [still], most=charts.most_points(material))


def _seen(run: RunOutcome, after: pl.DataFrame) -> str:
    """Say where a run ends, and how low it is after the batch behind its dips, if there is one."""
    last = run.record.last
    assert last is not None
    seen = f"{run.called} ends at {percent(last.val_accuracy)}"
    if after.height:
        low, middle = after["val_accuracy"].min(), run.curve["val_accuracy"].median()
        seen += (
            f"; after the batch behind its dips it is as low as {percent(float(low))}, "  # type: ignore[arg-type]
            f"against {percent(float(middle))} at the median evaluation"  # type: ignore[arg-type]
        )
    return f"{seen}."


def _of(findings: list[Finding], run: RunOutcome) -> list[AccuracyDips]:
    """Return what was found in a run."""
    return [dips for f, dips in measured(findings, AccuracyDips) if run.name in f.runs]


def _after_the_batch(run: RunOutcome, dips: AccuracyDips) -> pl.DataFrame:
    """Return the evaluations that come right after the batch behind the dips."""
    place = pl.col("step") % dips.batches_per_epoch
    at = -1 if dips.batch is None else dips.batch
    after = run.curve.filter((place == at) & (pl.col("epoch") > 0))
    return after.select("run", "step", "val_accuracy")
