"""Shuffled against unshuffled batches."""

from __future__ import annotations

import base64

import numpy as np
import polars as pl

from onelayer.diagnosis import Finding
from onelayer.diagnosis.checks.shuffling_speed import ShufflingSpeed
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.diagnosis.words import number, points, signed
from onelayer.report.document import Block, FigureBlock, Note, Section, Table
from onelayer.report.figure import file_stem
from onelayer.report.figures import (
    Picture,
    accuracy_at_every_step,
    accuracy_comparison,
    example_pictures,
    fall_by_batch,
)
from onelayer.report.inline import code
from onelayer.report.sections.material import ORDERS, Material, about, measured, said
from onelayer.study import RunOutcome, SectionChoice


def shuffling(material: Material, choice: SectionChoice) -> Section:
    """Draw shuffled and unshuffled runs together, and compare their dips."""
    runs = material.runs(choice)
    findings = material.findings_of(AccuracyDips, runs)
    found = [(f.runs[0], d) for f, d in measured(findings, AccuracyDips) if d.culprit is not None]
    history = pl.concat([run.history for run in runs])
    marks = [_after_the_batch(run, dips) for run in runs for dips in _of(findings, run)]
    marked = pl.concat([history.head(0).select("run", "step", "val_accuracy"), *marks])
    orders = {run.record.config.order for run in runs}
    labels = {f"{run.name} ({ORDERS[run.record.config.order]})": run.name for run in runs}
    name = file_stem("shuffling", *(run.name for run in runs))
    figure = accuracy_comparison(history, labels, dips=marked, name=name)
    caption = "Validation accuracy over steps; dips are marked."
    blocks: list[Block] = [about(runs), FigureBlock(figure, caption)]
    for run_name, dips in found:
        blocks += _of_dips(run_name, dips, ImageShape.of_grey(material.outcome.data))
    answer: list[Block] = [*said(findings), *said(material.findings_of(ShufflingSpeed, runs))]
    if len(orders) == 1:
        only = f"Only runs that are {ORDERS[orders.pop()]} are here: there is nothing to compare."
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


def _of_dips(run: str, dips: AccuracyDips, shape: ImageShape | None) -> list[Block]:
    """Return the curve at every step, the fall after each batch, what is in it, what removes it."""
    culprit = dips.culprit
    assert culprit is not None
    every_step = accuracy_at_every_step(
        dips.accuracies, dips.batches_per_epoch, dips.batch,
        title=f"Validation accuracy of {run} after every step", name=file_stem("dips", run),
    )  # fmt: skip
    bars = fall_by_batch(
        dips.falls, dips.fall_errors, dips.batch,
        title=f"How far the accuracy of {run} falls after each batch",
        name=file_stem("fall-by-batch", run),
    )  # fmt: skip
    examples = Table(
        ("training example", "label", "loss before the step", "harm"),
        tuple(
            (f"{e.row:,}", str(e.label), number(e.loss), number(e.harm)) for e in culprit.examples
        ),
        f"The most harmful examples of batch {dips.batch}, and by how much each raises the "
        "validation loss in the step on the batch.",
    )
    tried = Table(
        ("run", "fall after the batch (points)", "standard error"),
        tuple(
            (each.change, signed(each.fall), f"{100 * each.standard_error:.2f}")
            for each in dips.interventions
        ),
        f"Runs of {dips.tried_epochs} epochs with one thing changed, evaluated after every step: "
        "the fall after the batch, or after the one that holds most of its harmful examples.",
        ("left", "right", "right"),
    )
    return [
        FigureBlock(every_step, f"{code(run)} made again, evaluated after every step; the steps on "
                    f"batch {dips.batch} are marked, epochs begin at the lines."),
        FigureBlock(bars, f"Mean fall after each batch of {code(run)}, with two standard errors "
                    f"either way: {points(culprit.fall)} after batch {dips.batch}."),
        *_pictures(run, dips, shape),
        examples,
        tried,
    ]  # fmt: skip


def _pictures(run: str, dips: AccuracyDips, shape: ImageShape | None) -> list[Block]:
    """Return the most harmful examples as pictures, where they are images."""
    assert dips.culprit is not None
    pictures = [
        Picture(
            np.frombuffer(base64.b64decode(example.pixels), np.uint8).reshape(
                shape.height, shape.width
            ),
            f"{example.label}, loss {example.loss:.2f}",
        )
        for example in dips.culprit.examples
        if example.pixels is not None and shape is not None
    ]
    if not pictures:
        return []
    figure = example_pictures(
        pictures, title=f"The most harmful examples of batch {dips.batch}",
        name=file_stem("harmful-examples", run),
    )  # fmt: skip
    return [
        FigureBlock(figure, f"The most harmful examples of batch {dips.batch}, with their labels "
                    "and their losses before the step on the batch.")
    ]  # fmt: skip
