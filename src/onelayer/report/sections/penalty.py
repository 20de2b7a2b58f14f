"""What a penalty does to the weights, the accuracy and the norm."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import polars as pl

from onelayer.diagnosis import Finding
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measures.l2_accuracies import SweepAccuracies
from onelayer.diagnosis.measures.l2_norms import SweepNorms
from onelayer.diagnosis.measures.pictures import WeightNoise
from onelayer.diagnosis.words import percent
from onelayer.report.document import Block, FigureBlock, Note, Paragraph, Section, Table
from onelayer.report.figure import file_stem
from onelayer.report.figures import (
    WeightRow,
    accuracy_against_l2,
    norm_against_l2,
    sweep_accuracy,
    weight_pictures,
)
from onelayer.report.inline import code, literal
from onelayer.report.sections.material import Material, about, l2_labels, measured, said
from onelayer.study import RunOutcome, SectionChoice
from onelayer.words import listed

_NOISE = (
    "The noise is the root mean square difference of neighbouring pixels, over that of pixels that "
    "know nothing of their neighbours and have the same spread: $sqrt(C)$ of Geary's $C$, which "
    "is averaged over the pictures of a row. It is 1 for pure noise, near 0 for a smooth picture, "
    "and does not depend on the scale of the weights."
)


def weights(material: Material, choice: SectionChoice) -> Section:
    """Draw the weights of the least and the most penalized model, and say how noisy they are."""
    settled = material.settled(choice)
    findings = material.findings_of(WeightNoise, settled)
    found = [noise for _, noise in measured(findings, WeightNoise)]
    noises = {own.run: own.noise for noise in found for own in noise.pictures}
    runs = sorted(
        (run for run in settled if run.name in noises), key=lambda run: run.record.config.l2
    )
    runs = [runs[0], runs[-1]] if len(runs) > 2 else runs
    shape = ImageShape.of_grey(material.outcome.data)
    if shape is None or not runs or len({run.record.classes for run in runs}) > 1:
        text = "Weights are drawn where features are pixels and all models have the same outputs."
        return Section(choice.title or "Weights", None, (Note("info", text),))
    labels = l2_labels(runs)
    rows = [WeightRow(labels[r.name], r.model.weights, noises[r.name]) for r in runs]
    classes = runs[0].record.classes[: runs[0].model.weights.shape[1]]
    figure = weight_pictures(
        rows,
        shape,
        [str(c) for c in classes],
        noise_label="noise",
        name=file_stem("weights", *(run.name for run in runs)),
    )
    caption = "Weights as pictures, one colour scale a row: the sign says for or against the class."
    penalties = {run.record.config.l2 for run in runs}
    question = "What do the weights look like, and what does the penalty do to them?"
    answer = Paragraph(literal(_noise_in_words(runs, noises, labels)))
    return Section(
        choice.title or "The weights as pictures",
        question if len(penalties) > 1 else "What do the weights look like?",
        (about(runs), FigureBlock(figure, caption)),
        (answer, *said([f for f in findings if len(f.runs) > 1]), Paragraph(_NOISE)),
    )


def _noise_in_words(
    runs: Sequence[RunOutcome], noises: dict[str, float], labels: dict[str, str]
) -> str:
    norms = "; ".join(f"{labels[r.name]}: norm {r.record.final.weight_norm:.4g}" for r in runs)
    smooth, noisy = (f(runs, key=lambda run: noises[run.name]) for f in (min, max))
    low, high = noises[smooth.name], noises[noisy.name]
    if smooth is noisy:
        return f"The noise is {low:.3f} for {labels[smooth.name]}. {norms}."
    return (
        f"The noise is {high:.3f} for {labels[noisy.name]} and {low:.3f} for "
        f"{labels[smooth.name]}: neighbouring pixels of the first differ {high / low:.2f} "
        f"times as much, relative to the spread of the weights. {norms}."
    )


def l2_accuracy(material: Material, choice: SectionChoice) -> Section:
    """Draw the accuracy of the members of each sweep over λ."""
    runs = material.ended(choice)
    findings = material.findings_of(SweepAccuracies, runs)
    blocks: list[Block] = []
    for finding, accuracies in measured(findings, SweepAccuracies):
        members = [run for run in runs if run.name in finding.runs]
        blocks += _accuracy_figure(accuracies)
        # The finding speaks of every run of the sweep, also of the one without a penalty.
        if evaluated := [run for run in members if run.record.best is not None]:
            blocks.append(_sweep_figure(evaluated))
        blocks.append(_sweep_table(accuracies))
    blocks += _left_out(runs, findings)
    return Section(
        choice.title or "Accuracy against λ",
        "Which penalty gives the best validation accuracy?" if findings else None,
        tuple(blocks),
        said(findings),
    )


def _sweep_figure(runs: Sequence[RunOutcome]) -> FigureBlock:
    runs = sorted(runs, key=lambda run: -run.record.config.l2)
    labels = {label: name for name, label in l2_labels(runs).items()}
    figure = sweep_accuracy(
        pl.concat([run.history for run in runs]),
        labels,
        name=file_stem("l2-accuracy", *(run.name for run in runs)),
    )
    return FigureBlock(figure, "Validation accuracy over steps for each λ.")


def _accuracy_figure(accuracies: SweepAccuracies) -> tuple[Block, ...]:
    runs = [run for run in accuracies.runs if run.l2 > 0]
    if len(runs) < 2:
        return ()
    frame = pl.DataFrame(
        {
            "l2": [run.l2 for run in runs],
            "train_end": [run.train_accuracy for run in runs],
            "val_end": [run.val_accuracy for run in runs],
            "train_minimum": [run.certified and run.certified.train_accuracy for run in runs],
            "val_minimum": [run.certified and run.certified.val_accuracy for run in runs],
        },
        strict=False,
    ).with_columns(pl.all().cast(pl.Float64))
    names = [run.run for run in runs]
    figure = accuracy_against_l2(frame, name=file_stem("accuracy-against-l2", *names))
    caption = (
        "Accuracy of the weights that each run keeps, and at the minimum of its objective, where "
        "training would end (diamonds)."
    )
    return (FigureBlock(figure, caption),)


def _sweep_table(accuracies: SweepAccuracies) -> Table:
    def shown(value: float | None) -> str:
        return "–" if value is None else percent(value)

    rows = tuple(
        (
            code(run.run),
            f"{run.l2:g}",
            shown(run.train_accuracy),
            shown(run.val_accuracy),
            shown(None if run.certified is None else run.certified.train_accuracy),
            shown(None if run.certified is None else run.certified.val_accuracy),
            shown(run.noise),
            "–" if run.val_loss is None else f"{run.val_loss:.4f}",
        )
        for run in accuracies.runs
    )
    return Table(
        (
            "run", "λ", "training, end", "validation, end", "training, minimum",
            "validation, minimum", "noise", "validation loss, end",
        ),
        rows,
        "Accuracies of the weights that each run keeps, and at the minimum of its objective; the "
        "standard deviation of the validation accuracy from evaluation to evaluation.",
        ("left", "right", "right", "right", "right", "right", "right", "right"),
    )  # fmt: skip


def _left_out(runs: Sequence[RunOutcome], findings: Sequence[Finding]) -> tuple[Block, ...]:
    """Name the runs that no finding compares with others."""
    compared = {name for finding in findings for name in finding.runs}
    if not (names := [run.name for run in runs if run.name not in compared]):
        return ()
    text = (
        f"Not compared: {listed(names)}. Runs are compared that differ in λ alone and came to the "
        "end of their training; of several with the same λ the first stands for all."
    )
    return (Note("info", literal(text)),)


def weight_norm(material: Material, choice: SectionChoice) -> Section:
    """Draw the norm against λ for each sweep, and test the claim of inverse proportion."""
    runs = material.settled(choice)
    findings = material.findings_of(SweepNorms, runs)
    blocks: list[Block] = []
    for finding in findings:
        # The finding speaks of every run of the sweep, and so does the figure.
        members = [run for run in material.outcome.runs if run.name in finding.runs]
        blocks += _norm_figure(members, finding)
    blocks += _left_out(runs, findings)
    return Section(
        choice.title or "The norm against λ",
        "How does the norm of the weights depend on λ: is it inversely proportional?"
        if findings
        else None,
        tuple(blocks),
        said(findings),
    )


def _norm_figure(runs: Sequence[RunOutcome], finding: Finding) -> tuple[Block, ...]:
    norms = {run.record.config.l2: run.record.final.weight_norm for run in runs}
    reference = norms.pop(0.0, None)
    # On a logarithmic axis there is no place for others.
    drawn = {l2: norm for l2, norm in norms.items() if 0 < norm < inf}
    frame = pl.DataFrame({"l2": drawn.keys(), "weight_norm": drawn.values()})
    frame = frame.cast(pl.Float64)
    caption = f"Norm of what the penalty covers: {listed(finding.runs)}."
    for _, found in measured([finding], SweepNorms):
        points = [p for p in (*found.points, *found.beyond) if p.l2 > 0]
        others = pl.DataFrame(
            [(p.l2, p.minimum, p.limit_norm) for p in points],
            {"l2": pl.Float64, "minimum": pl.Float64, "limit": pl.Float64},
            orient="row",
        )
        frame = others.join(frame, on="l2", how="left").select("l2", *_DRAWN)
        caption += (
            " Circles: kept weights. Diamonds: minima, also beyond the runs' penalties. Dotted: "
            "the norm of the gradient at weights of zero over 2λ, which the minima are never above."
        )
    if frame.is_empty():
        return ()
    figure = norm_against_l2(
        frame, reference=reference or None, name=file_stem("norm", *finding.runs)
    )
    return (FigureBlock(figure, literal(caption)),)


_DRAWN = ("weight_norm", "minimum", "limit")
