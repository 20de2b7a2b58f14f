"""Dips of the validation accuracy: the curve, the batch behind them, what removes them."""

from __future__ import annotations

import numpy as np

from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.diagnosis.words import number, points, signed
from onelayer.report.document import Block, FigureBlock, Fold, Interactive, Table
from onelayer.report.figure import file_stem
from onelayer.report.figures import (
    Picture,
    accuracy_at_every_step,
    example_pictures,
    fall_by_batch,
)
from onelayer.report.inline import literal
from onelayer.report.sections.dips_by_hand import batch_of_step, by_hand
from onelayer.report.sections.material import Material, measured
from onelayer.study import RunOutcome

PICTURES = 12
"""So many of the most harmful examples stand as pictures on paper."""


def at_head(material: Material) -> str | None:
    """Return the run whose dips stand at the head of the report; None where there are none."""
    findings = measured(material.findings, AccuracyDips)
    return next((f.runs[0] for f, dips in findings if dips.culprit is not None), None)


def hero(material: Material) -> list[Block]:
    """Return the dips at every step, and the batch behind them, for the head of the report."""
    name = at_head(material)
    for finding, dips in measured(material.findings, AccuracyDips):
        if finding.runs[0] == name and dips.culprit is not None:
            (run,) = (run for run in material.outcome.runs if run.name == name)
            return _the_dips(run, dips, ImageShape.of(material.outcome.data))
    return []


def of_dips(
    run: RunOutcome, dips: AccuracyDips, shape: ImageShape | None, *, at_head: bool
) -> list[Block]:
    """Return the curve at every step; folded: each batch's fall, what is in it, what removes it.

    Where curve and images stand at the head of the report they are not shown again.
    """
    culprit = dips.culprit
    assert culprit is not None
    bars = fall_by_batch(
        dips.falls, dips.fall_errors, dips.batch,
        title=f"How far the accuracy of {run.called} falls after each batch",
        name=file_stem("fall-by-batch", run.name),
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
    caption = (
        f"Mean fall after each batch of {literal(run.called)}, with two standard errors either "
        f"way: {points(culprit.fall)} after batch {dips.batch}."
    )
    numbers = (FigureBlock(bars, caption), tried, examples)
    return [
        *([] if at_head else _the_dips(run, dips, shape)),
        Fold(f"Batch {dips.batch} of {run.called} in numbers", numbers),
    ]


def _the_dips(run: RunOutcome, dips: AccuracyDips, shape: ImageShape | None) -> list[Block]:
    """Return the curve and the batch, to be opened where what is needed for that was kept."""
    still = (_every_step(run, dips), *_pictures(run, dips, shape))
    data = by_hand(run, dips, shape)
    return list(still) if data is None else [Interactive("dips", data, still)]


def _every_step(run: RunOutcome, dips: AccuracyDips) -> FigureBlock:
    assert dips.culprit is not None
    of_step = batch_of_step(run, len(dips.accuracies), dips.batches_per_epoch)
    figure = accuracy_at_every_step(
        dips.accuracies, dips.batches_per_epoch, np.flatnonzero(of_step == dips.batch),
        title=f"Validation accuracy of {run.called} after every step",
        name=file_stem("dips", run.name),
    )  # fmt: skip
    caption = (
        f"After each step on batch {dips.batch}, marked, the accuracy of {literal(run.called)} "
        f"falls by {points(dips.culprit.fall)} in the mean, and comes back. Epochs begin at the "
        "lines."
    )
    return FigureBlock(figure, caption)


def _pictures(run: RunOutcome, dips: AccuracyDips, shape: ImageShape | None) -> list[Block]:
    """Return the most harmful examples as pictures, where they are images."""
    if shape is None or not dips.opened:
        return []
    opened = dips.opened[0]
    images = opened.images((shape.height, shape.width, shape.channels))[:PICTURES]
    pictures = [
        Picture(image, f"{label}, loss {loss:.2f}")
        for image, label, loss in zip(images, opened.labels, opened.losses, strict=False)
    ]
    if not pictures:
        return []
    figure = example_pictures(
        pictures, title=f"The most harmful examples of batch {dips.batch}",
        name=file_stem("harmful-examples", run.name),
    )  # fmt: skip
    caption = "With their labels, and their losses before the step on the batch."
    return [FigureBlock(figure, caption)]
