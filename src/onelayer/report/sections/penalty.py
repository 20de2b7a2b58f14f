"""What L2 does to the weights, the accuracy and the norm."""

from __future__ import annotations

import polars as pl

from onelayer.diagnosis import Severity
from onelayer.report.document import FigureBlock, Note, Paragraph, Section, Table
from onelayer.report.figures import (
    PowerLaw,
    WeightRow,
    norm_against_l2,
    sweep_accuracy,
    weight_pictures,
)
from onelayer.report.inline import literal
from onelayer.report.sections.material import Material, about, l2_label, said, slug
from onelayer.study import Section as Choice


def weights(material: Material, choice: Choice) -> Section:
    """Draw the weights of the least and the most penalized model, and say how noisy they are."""
    findings = {f.runs[0]: f for f in material.findings_of("weights")}
    runs = [run for run in material.settled(choice) if run.name in findings]
    runs = sorted(runs, key=lambda run: run.record.config.l2)
    if len(runs) > 2:
        runs = [runs[0], runs[-1]]
    shape = material.outcome.data["image_shape"]
    if not runs or len({run.model.weights.shape for run in runs}) > 1:
        text = "Weights are drawn where features are pixels and all models have the same outputs."
        return Section(choice.title or "Weights", None, (Note("info", text),))
    rows = [
        WeightRow(l2_label(r), r.model.weights, findings[r.name].evidence["geary_c"]) for r in runs
    ]
    binary, classes = runs[0].model.weights.shape[1] == 1, runs[0].record.classes
    names = [str(c) for c in (classes[:1] if binary else classes)]
    figure = weight_pictures(
        rows,
        tuple(shape),
        names,
        noise_label="noise (Geary's C)",
        name=f"weights-{slug(*(run.name for run in runs))}",
    )
    noisiest = max(runs, key=lambda r: findings[r.name].evidence["geary_c"])
    smoothest = min(runs, key=lambda r: findings[r.name].evidence["geary_c"])
    high = findings[noisiest.name].evidence["geary_c"]
    low = findings[smoothest.name].evidence["geary_c"]
    norms = "; ".join(f"{l2_label(r)}: norm {r.record.final.weight_norm:.4g}" for r in runs)
    answer = (
        Paragraph(literal(
            f"The noise is {high:.3f} for {l2_label(noisiest)} and {low:.3f} for "
            f"{l2_label(smoothest)}: neighbouring pixels of the first differ {high / low:.2g} "
            f"times as much, relative to the spread of the weights. {norms}."
        )),
        Paragraph(
            "The noise is Geary's $C$, the mean squared difference of neighbouring pixels over "
            "twice the variance of the picture, averaged over the pictures of a row: 1 for pixels "
            "that know nothing of their neighbours, near 0 for a smooth picture. It does not "
            "depend on the scale of the weights."
        ),
    )  # fmt: skip
    caption = "Weights as pictures, one colour scale a row: the sign says for or against the class."
    question = "What do the weights look like, and what does the penalty do to them?"
    blocks = (about(runs), FigureBlock(figure, caption))
    return Section(choice.title or "The weights as pictures", question, blocks, answer)


def l2_accuracy(material: Material, choice: Choice) -> Section:
    """Draw the accuracy of each member of a sweep over λ."""
    runs = sorted(material.runs(choice), key=lambda run: -run.record.config.l2)
    same = len({run.record.config.l2 for run in runs}) < len(runs)
    labels = {run.name if same else l2_label(run): run.name for run in runs}
    history = pl.concat([run.history for run in runs])
    figure = sweep_accuracy(history, labels, name=f"accuracy-{slug(*choice.runs)}")
    findings = material.findings_of("l2-accuracy", runs)
    # The finding speaks of every run of the sweep, also of the one without a penalty.
    compared = findings[0].evidence["runs"] if findings else []
    rows = tuple(
        (
            f"{row['l2']:g}",
            f"{100 * row['train_accuracy']:.2f}%",
            f"{100 * row['val_accuracy']:.2f}%",
            f"{row['val_loss']:.4f}",
        )
        for row in compared
    )
    table = Table(
        ("λ", "training accuracy", "validation accuracy", "validation loss"),
        rows,
        "Of the weights that each run keeps.",
        ("right", "right", "right", "right"),
    )
    question = "Which penalty gives the best validation accuracy?"
    blocks = (FigureBlock(figure, "Validation accuracy over steps for each λ."), table)
    return Section(choice.title or "Accuracy against λ", question, blocks, said(findings))


def weight_norm(material: Material, choice: Choice) -> Section:
    """Draw the norm against λ, and test the claim of inverse proportion."""
    runs = material.settled(choice)
    penalized = [run for run in runs if run.record.config.l2 > 0]
    findings = material.findings_of("weight-norm", penalized)
    plain = [run.record.final.weight_norm for run in runs if run.record.config.l2 == 0]
    norms = pl.DataFrame(
        {
            "l2": [run.record.config.l2 for run in penalized],
            "weight_norm": [run.record.final.weight_norm for run in penalized],
        }
    ).sort("l2")
    law = None
    if findings and findings[0].severity is not Severity.NOT_APPLICABLE:
        slope = findings[0].evidence["loglog_slope"]
        logs = norms.select(pl.all().log10()).mean()
        law = PowerLaw(slope, logs["weight_norm"][0] - slope * logs["l2"][0])
    question = "How does the norm of the weights depend on λ: is it inversely proportional?"
    if norms.height == 0:
        note = Note("info", "No run with a penalty above zero came to an end.")
        return Section(choice.title or "The norm against λ", question, (note,))
    figure = norm_against_l2(norms, reference=plain[0] if plain else None, power_law=law,
                             name=f"norm-{slug(*choice.runs)}")  # fmt: skip
    blocks = (FigureBlock(figure, "Norm of what the penalty covers, of the kept weights."),)
    return Section(choice.title or "The norm against λ", question, blocks, said(findings))
