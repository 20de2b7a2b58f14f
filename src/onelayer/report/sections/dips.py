"""Dips of the validation accuracy: the curve, the batch behind them, what removes them."""

from __future__ import annotations

import base64

import numpy as np

from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.diagnosis.words import number, points, signed
from onelayer.report.document import Block, FigureBlock, Table
from onelayer.report.figure import file_stem
from onelayer.report.figures import (
    Picture,
    accuracy_at_every_step,
    example_pictures,
    fall_by_batch,
)
from onelayer.report.inline import code
from onelayer.report.sections.material import Material, measured


def at_head(material: Material) -> str | None:
    """Return the run whose dips stand at the head of the report; None where there are none."""
    findings = measured(material.findings, AccuracyDips)
    return next((f.runs[0] for f, dips in findings if dips.culprit is not None), None)


def hero(material: Material) -> list[Block]:
    """Return the dips at every step, and the batch behind them, for the head of the report."""
    run = at_head(material)
    for finding, dips in measured(material.findings, AccuracyDips):
        if finding.runs[0] == run and dips.culprit is not None:
            shape = ImageShape.of_grey(material.outcome.data)
            return [_every_step(run, dips), *_pictures(run, dips, shape)]
    return []


def of_dips(
    run: str, dips: AccuracyDips, shape: ImageShape | None, *, at_head: bool
) -> list[Block]:
    """Return the curve at every step, the fall after each batch, what is in it, what removes it.

    Where curve and images stand at the head of the report they are not shown again.
    """
    culprit = dips.culprit
    assert culprit is not None
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
    shown: list[Block] = [] if at_head else [_every_step(run, dips)]
    pictures = [] if at_head else _pictures(run, dips, shape)
    return [
        *shown,
        FigureBlock(bars, f"Mean fall after each batch of {code(run)}, with two standard errors "
                    f"either way: {points(culprit.fall)} after batch {dips.batch}."),
        *pictures,
        examples,
        tried,
    ]  # fmt: skip


def _every_step(run: str, dips: AccuracyDips) -> FigureBlock:
    assert dips.culprit is not None
    figure = accuracy_at_every_step(
        dips.accuracies, dips.batches_per_epoch, dips.batch,
        title=f"Validation accuracy of {run} after every step", name=file_stem("dips", run),
    )  # fmt: skip
    caption = (
        f"After each step on batch {dips.batch}, marked, the accuracy of {code(run)} falls by "
        f"{points(dips.culprit.fall)} in the mean, and comes back. Epochs begin at the lines."
    )
    return FigureBlock(figure, caption)


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
    caption = "With their labels, and their losses before the step on the batch."
    return [FigureBlock(figure, caption)]
