"""What a penalty does to the accuracy and the norm."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import polars as pl

from onelayer.diagnosis import Finding
from onelayer.diagnosis.measures.l2_accuracies import SweepAccuracies
from onelayer.diagnosis.measures.l2_norms import SweepNorms
from onelayer.diagnosis.words import percent
from onelayer.report.document import Block, FigureBlock, Fold, Note, Section, Table
from onelayer.report.figure import file_stem
from onelayer.report.figures import (
    accuracy_against_l2,
    difference_against_l2,
    norm_against_l2,
    sweep_accuracy,
)
from onelayer.report.inline import literal
from onelayer.report.sections.material import Material, l2_labels, measured, said
from onelayer.study import RunOutcome, SectionChoice
from onelayer.words import listed


def l2_accuracy(material: Material, choice: SectionChoice) -> Section:
    """Draw the accuracy of the members of each sweep over λ."""
    runs = material.ended(choice)
    findings = material.findings_of(SweepAccuracies, runs)
    blocks: list[Block] = []
    for finding, accuracies in measured(findings, SweepAccuracies):
        # The finding speaks of every run of the sweep, also of the one without a penalty; so do the
        # figures.
        members = [run for run in material.outcome.runs if run.name in finding.runs]
        blocks += _accuracy_figures(accuracies)
        if evaluated := [run for run in members if run.record.best is not None]:
            blocks.append(_sweep_figure(evaluated, accuracies))
        blocks.append(_sweep_table(material, accuracies))
    blocks += _left_out(runs, findings)
    return Section(
        choice.title or "Accuracy against λ",
        "Which penalty gives the best validation accuracy?" if findings else None,
        tuple(blocks),
        said(findings),
    )


def _sweep_figure(runs: Sequence[RunOutcome], accuracies: SweepAccuracies) -> FigureBlock:
    runs = sorted(runs, key=lambda run: -run.record.config.l2)
    labels = {label: name for name, label in l2_labels(runs).items()}
    figure = sweep_accuracy(
        pl.concat([run.history for run in runs]),
        labels,
        name=file_stem("l2-accuracy", *(run.name for run in runs)),
    )
    caption = "Validation accuracy over steps for each λ."
    noises = [(run.noise, run.l2) for run in accuracies.runs if run.noise is not None]
    if len(noises) > 1:
        (low, calm), (high, noisy) = min(noises), max(noises)
        caption += (
            f" Near the end it has a standard deviation of {100 * high:.2f} points from evaluation "
            f"to evaluation with λ = {noisy:g}, and of {100 * low:.2f} with λ = {calm:g}."
        )
    return FigureBlock(figure, literal(caption))


def _accuracy_figures(accuracies: SweepAccuracies) -> tuple[Block, ...]:
    """Return the accuracies over λ, and what each λ changes against the least, by example."""
    runs = accuracies.runs
    if not any(run.l2 > 0 for run in runs):
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
    blocks: list[Block] = [FigureBlock(figure, literal(_accuracies_in_words(accuracies)))]
    if accuracies.against_least:
        differences = pl.DataFrame(
            [(d.l2, d.least, d.where, d.difference, *d.interval) for d in accuracies.against_least],
            {"l2": pl.Float64, "least": pl.Float64, "where": pl.String, "difference": pl.Float64,
             "low": pl.Float64, "high": pl.Float64},
            orient="row",
        )  # fmt: skip
        changed = difference_against_l2(differences, name=file_stem("l2-differences", *names))
        blocks.append(FigureBlock(changed, literal(_differences_in_words(accuracies))))
        blocks.append(_differences(accuracies))
    return tuple(blocks)


def _accuracies_in_words(accuracies: SweepAccuracies) -> str:
    """Return how the validation accuracy goes from the least λ to the largest."""
    most, least = accuracies.runs[0], accuracies.runs[-1]
    text = (
        f"At the ends of the runs the validation accuracy is {percent(least.val_accuracy)} with "
        f"λ = {least.l2:g} and {percent(most.val_accuracy)} with λ = {most.l2:g}"
    )
    known = [(run.l2, run.certified) for run in accuracies.runs if run.certified is not None]
    if len(known) < 2:
        return f"{text}."
    (high, strong), (low, weak) = known[0], known[-1]
    return (
        f"{text}; at the minimum of the objective (diamonds), which longer training nears, "
        f"{percent(weak.val_accuracy)} with λ = {low:g} and {percent(strong.val_accuracy)} with "
        f"λ = {high:g}, while the training accuracy goes from {percent(weak.train_accuracy)} to "
        f"{percent(strong.train_accuracy)}."
    )


def _differences_in_words(accuracies: SweepAccuracies) -> str:
    """Return by how many λ differ from the least by more than chance, and where most."""
    against = accuracies.against_least
    told = [d for d in against if not d.interval[0] <= 0 <= d.interval[1]]
    text = (
        f"{len(told)} of {len(against)} differences from the least λ, on the same validation "
        "examples, are more than chance (95% intervals, over examples like these)."
    )
    if told:
        most = max(told, key=lambda d: abs(d.difference))
        where = "at the end of the run" if most.where == "end" else "at the minimum"
        text += f" The largest is {_signed(most.difference)} points, {where} with λ = {most.l2:g}."
    return text


def _differences(accuracies: SweepAccuracies) -> Fold:
    """Return what is drawn of the differences as numbers."""
    rows = tuple(
        (
            "end of the run" if d.where == "end" else "minimum", f"{d.l2:g}", f"{d.least:g}",
            _signed(d.difference), f"{_signed(d.interval[0])} to {_signed(d.interval[1])}",
        )
        for d in accuracies.against_least
    )  # fmt: skip
    heads = ("weights", "λ", "against λ", "difference (points)", "95% interval")
    table = Table(heads, rows, None, ("left", "right", "right", "right", "right"))
    return Fold("The differences in numbers", (table,))


def _signed(share: float) -> str:
    return f"{100 * share:+.2f}".replace("-", "−")


def _sweep_table(material: Material, accuracies: SweepAccuracies) -> Table:
    def shown(value: float | None) -> str:
        return "–" if value is None else percent(value)

    rows = tuple(
        (
            literal(material.label(run.run)),
            f"{run.l2:g}",
            shown(run.train_accuracy),
            shown(run.val_accuracy),
            shown(None if run.certified is None else run.certified.train_accuracy),
            shown(None if run.certified is None else run.certified.val_accuracy),
            "–" if run.noise is None else f"{100 * run.noise:.2f}",
            "–" if run.val_loss is None else f"{run.val_loss:.4f}",
        )
        for run in accuracies.runs
    )
    return Table(
        (
            "run", "λ", "training, end", "validation, end", "training, minimum",
            "validation, minimum", "noise (points)", "validation loss, end",
        ),
        rows,
        "Accuracies of the weights that each run keeps, and at the minimum of its objective; noise "
        "is the standard deviation of the validation accuracy from evaluation to evaluation.",
        ("left", "right", "right", "right", "right", "right", "right", "right"),
    )  # fmt: skip


def _left_out(runs: Sequence[RunOutcome], findings: Sequence[Finding]) -> tuple[Block, ...]:
    """Name the runs that no finding compares with others."""
    compared = {name for finding in findings for name in finding.runs}
    if not (names := [run.called for run in runs if run.name not in compared]):
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
    # On a logarithmic axis there is no place for others.
    drawn = {l2: norm for l2, norm in norms.items() if norm is not None and 0 < norm < inf}
    frame = pl.DataFrame({"l2": drawn.keys(), "weight_norm": drawn.values()}).cast(pl.Float64)
    caption = f"Norm of what the penalty covers: {listed(finding.runs)}."
    for _, found in measured([finding], SweepNorms):
        others = pl.DataFrame(
            [(p.l2, p.minimum, p.limit_norm) for p in (*found.points, *found.beyond)],
            {"l2": pl.Float64, "minimum": pl.Float64, "limit": pl.Float64},
            orient="row",
        )
        frame = others.join(frame, on="l2", how="left").select("l2", *_DRAWN)
        caption = _norms_in_words(found)
    if not any(l2 > 0 for l2 in frame["l2"]):
        return ()
    figure = norm_against_l2(frame, name=file_stem("norm", *finding.runs))
    return (FigureBlock(figure, literal(caption)),)


def _norms_in_words(found: SweepNorms) -> str:
    """Return how fast the norm falls with λ, and what is drawn."""
    slopes = [slope.slope for slope in found.slopes if slope.slope is not None]
    at = "at the minimum" if any(s.at_minimum is not None for s in found.slopes) else "at the ends"
    text = ""
    if slopes:
        steepest, flattest = (_minus(f"{f(slopes):.2f}") for f in (min, max))
        reach = steepest if steepest == flattest else f"{flattest} to {steepest}"
        text = f"Within the sweep the slope {at} is {reach}; inverse proportion is a slope of −1"
        if found.proportional_from is not None:
            text += f", which is neared from about λ = {found.proportional_from:.2g} on"
        text += ". "
    return (
        f"{text}Circles: kept weights. Diamonds: minima, also beyond the runs' penalties. The thin "
        "line is a guide of slope −1 through the run with the largest λ. Dotted: ‖∇C(0)‖ / (2λ) = "
        f"{found.gradient_norm / 2:.3g} / λ, which the minima are never above."
    )


def _minus(number: str) -> str:
    return number.replace("-", "−")


_DRAWN = ("weight_norm", "minimum", "limit")
