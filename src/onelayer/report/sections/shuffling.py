"""Shuffled against unshuffled batches."""

from __future__ import annotations

import polars as pl

from onelayer.diagnosis import Finding
from onelayer.diagnosis.checks.shuffling_speed import ShufflingSpeed
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.report.document import Block, FigureBlock, Note, Section
from onelayer.report.figure import file_stem
from onelayer.report.figures import accuracy_comparison
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
    marks = [_after_the_batch(run, dips) for run in runs for dips in _of(findings, run)]
    marked = pl.concat([history.head(0).select("run", "step", "val_accuracy"), *marks])
    orders = {run.record.config.order for run in runs}
    labels = {run.label: run.name for run in runs}
    name = file_stem("shuffling", *(run.name for run in runs))
    figure = accuracy_comparison(history, labels, dips=marked, name=name)
    caption = "Validation accuracy over steps; dips are marked."
    blocks: list[Block] = [FigureBlock(figure, caption)]
    for run_name, dips in found:
        shape = ImageShape.of(material.outcome.data)
        run = by_name[run_name]
        blocks += of_dips(run, dips, shape, at_head=run_name == at_head(material))
    answer: list[Block] = [*said(findings), *said(material.findings_of(ShufflingSpeed, runs))]
    if len(orders) == 1:
        only = f"All runs here have one order, {ORDERS[orders.pop()]}: there is nothing to compare."
        answer.insert(0, Note("info", only))
    question = "What does shuffling the examples anew in each epoch change?"
    title = choice.title or "Shuffled against unshuffled"
    return Section(title, question, tuple(blocks), tuple(answer))


def _of(findings: list[Finding], run: RunOutcome) -> list[AccuracyDips]:
    """Return what was found in a run."""
    return [dips for f, dips in measured(findings, AccuracyDips) if run.name in f.runs]


def _after_the_batch(run: RunOutcome, dips: AccuracyDips) -> pl.DataFrame:
    """Return the evaluations that come right after the batch behind the dips."""
    place = pl.col("step") % dips.batches_per_epoch
    at = -1 if dips.batch is None else dips.batch
    after = run.curve.filter((place == at) & (pl.col("epoch") > 0))
    return after.select("run", "step", "val_accuracy")
