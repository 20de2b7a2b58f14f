"""From a section of a study to a section of its report: the question, the figure, the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from onelayer.diagnosis import Finding, Severity
from onelayer.model.derivations import DERIVATIONS, Verification, verify
from onelayer.report.document import (
    Block,
    DerivationBlock,
    FigureBlock,
    Note,
    Paragraph,
    Section,
    Table,
)
from onelayer.report.figures import (
    PowerLaw,
    WeightRow,
    accuracy_comparison,
    accuracy_curves,
    loss_curves,
    norm_against_l2,
    sweep_accuracy,
    weight_pictures,
)
from onelayer.report.inline import literal
from onelayer.study import Outcome, RunOutcome
from onelayer.study import Section as Choice


@dataclass(frozen=True, eq=False)
class Material:
    """What sections are made of."""

    outcome: Outcome
    findings: tuple[Finding, ...]

    def runs(self, choice: Choice) -> tuple[RunOutcome, ...]:
        """Return the runs of a section that have something to draw."""
        return tuple(run for run in self.outcome.named(choice.runs) if run.last is not None)

    def findings_of(self, check: str, runs: Iterable[RunOutcome] = ()) -> list[Finding]:
        """Return a check's findings on any of these runs, or all when there are none."""
        names = {run.name for run in runs}
        return [f for f in self.findings if f.check == check and (not names or names & {*f.runs})]


Builder = Callable[[Material, Choice], Section]


def build(material: Material, choice: Choice) -> Section:
    """Return the report's section for a study's section."""
    if choice.kind not in ("derivation", "gradient-check") and not material.runs(choice):
        names = ", ".join(choice.runs) or "none named"
        note = Note("warning", literal(f"No results to show: runs {names}."))
        return Section(choice.title or choice.kind, None, (note,))
    return BUILDERS[choice.kind](material, choice)


def describe(run: RunOutcome) -> str:
    """Return a run in words: 'logistic regression, 2 against 3, learning rate 0.05, ...'."""
    config = run.run.config
    classes = [str(c) for c in run.classes]
    what = " against ".join(classes) if len(classes) == 2 else f"{len(classes)} classes"
    order = "shuffled" if config.shuffle else "in file order"
    penalty = f", λ = {config.l2:g}" if config.l2 else ""
    return (
        f"{config.model} regression, {what}, {run.n_train:,} training and {run.n_validation:,} "
        f"validation examples, learning rate {config.learning_rate:g}, batches of "
        f"{config.batch_size} {order}, at most {config.max_epochs:,} epochs{penalty}"
    )


def l2_label(run: RunOutcome) -> str:
    """Return 'λ = 0.1'."""
    return f"λ = {run.run.config.l2:g}"


def said(findings: Iterable[Finding]) -> tuple[Block, ...]:
    """Return findings as the blocks of an answer."""
    return tuple(
        Note("warning", literal(f.statement))
        if f.severity is Severity.WARNING
        else Paragraph(literal(f.statement))
        for f in findings
    )


def _about(runs: Iterable[RunOutcome]) -> Paragraph:
    return Paragraph("; ".join(f"`{run.name}`: {literal(describe(run))}" for run in runs) + ".")


def _derivation(_material: Material, choice: Choice) -> Section:
    names = choice.derivations or tuple(DERIVATIONS)
    return Section(
        choice.title or "Derivation",
        "What is the gradient that each step follows, and how do we know that it is right?",
        tuple(_derivation_block(verify(DERIVATIONS[name])) for name in names),
    )


def _derivation_block(verification: Verification) -> Block:
    derivation = verification.derivation
    if not verification.passed:
        text = (
            f"{derivation.title} is left out: not every step was verified. {verification.summary}"
        )
        return Note("warning", literal(text))
    return DerivationBlock(
        derivation.title,
        f"${derivation.statement}$",
        derivation.notation,
        tuple((step.formula, f"{step.reason} ({step.how}.)") for step in derivation.steps),
        derivation.result,
        verification.summary,
    )


def _gradient_check(material: Material, choice: Choice) -> Section:
    findings = material.findings_of("gradients")
    rows = tuple(
        (
            o["model"],
            f"{o['l2']:g}",
            "yes" if o["penalize_bias"] else "no",
            "not finite" if o["worst_error"] is None else f"{o['worst_error']:.1e}",
        )
        for f in findings
        for o in f.evidence["objectives"]
    )
    table = Table(
        ("model", "λ", "bias penalized", "worst relative error"), rows,
        "Analytic gradients against central differences.",
        ("left", "right", "left", "right"),
    )  # fmt: skip
    question = "Does the code compute the gradients that were derived?"
    return Section(choice.title or "Gradient check", question, (table,), said(findings))


def _loss_curves(material: Material, choice: Choice) -> Section:
    blocks: list[Block] = []
    answers = []
    for run in material.runs(choice):
        best = run.best.step if run.run.config.early_stopping and run.best else None
        figure = loss_curves(
            run.history, run.name, best_step=best, title=f"Loss of {run.name}",
            name=f"loss-{slug(run.name)}",
        )  # fmt: skip
        blocks += [_about([run]), FigureBlock(figure, _caption_loss(run))]
        answers.append(Paragraph(literal(_loss_in_words(run))))
    question = "How do the training and the validation loss fall?"
    return Section(choice.title or "Loss", question, tuple(blocks), tuple(answers))


def _caption_loss(run: RunOutcome) -> str:
    return f"Training and validation loss of `{run.name}` over {run.steps:,} steps."


def _loss_in_words(run: RunOutcome) -> str:
    losses, curve = run.history["train_loss"], run.curve["val_loss"]
    window = min(run.batches_per_epoch, losses.len())
    first, last = losses[0], _mean(losses.tail(window))
    assert run.best is not None
    spread = losses.tail(window)
    return (
        f"The training loss begins at {first:.4f}, the value of a model that knows nothing "
        f"({_ignorance(run)}), and over the last {window:,} batches of {run.name} it is {last:.4f} "
        f"in the mean, between {spread.min():.4f} and {spread.max():.4f}: single batches differ "
        f"that much. The validation loss goes from {curve[0]:.4f} after the first step to "
        f"{curve[-1]:.4f}; its lowest value is {run.best.val_loss:.4f}, at step {run.best.step:,}."
    )


def _ignorance(run: RunOutcome) -> str:
    return f"ln {len(run.classes)} = {np.log(len(run.classes)):.4f}"


def _mean(values: pl.Series) -> float:
    return float(np.mean(values.to_numpy()))


def _accuracy_curves(material: Material, choice: Choice) -> Section:
    blocks, answers = [], []
    for run in material.runs(choice):
        best = run.best.step if run.run.config.early_stopping and run.best else None
        figure = accuracy_curves(
            run.history, run.name, best_step=best, title=f"Accuracy of {run.name}",
            name=f"accuracy-{slug(run.name)}",
        )  # fmt: skip
        caption = f"Training and validation accuracy of `{run.name}`, at each evaluation."
        blocks.append(FigureBlock(figure, caption))
        assert run.last is not None
        curve = run.curve
        top = int(np.argmax(curve["val_accuracy"].to_numpy()))
        answers.append(Paragraph(literal(
            f"At the last of {curve.height:,} evaluations {run.name} has "
            f"{100 * run.last.train_accuracy:.2f}% of the training and "
            f"{100 * run.last.val_accuracy:.2f}% of the validation examples right. The highest "
            f"validation accuracy is {100 * curve['val_accuracy'][top]:.2f}%, after step "
            f"{curve['step'][top]:,}."
        )))  # fmt: skip
    question = "How many examples does the model get right, on either set?"
    return Section(choice.title or "Accuracy", question, tuple(blocks), tuple(answers))


def _early_stopping(material: Material, choice: Choice) -> Section:
    runs = material.runs(choice)
    rows = []
    for run in runs:
        assert run.best is not None
        assert run.last is not None
        for label, evaluation in (("best, kept", run.best), ("last", run.last)):
            rows.append((
                f"`{run.name}`", label, f"{evaluation.step:,}", f"{evaluation.epoch:,}",
                f"{evaluation.val_loss:.4f}", f"{100 * evaluation.val_accuracy:.2f}%",
            ))  # fmt: skip
    table = Table(
        ("run", "evaluation", "step", "completed epochs", "validation loss", "validation accuracy"),
        tuple(rows), None, ("left", "left", "right", "right", "right", "right"),
    )  # fmt: skip
    question = "When did early stopping come, and what did it save?"
    answer = said(material.findings_of("early-stopping", runs))
    return Section(choice.title or "Early stopping", question, (table,), answer)


def _shuffling(material: Material, choice: Choice) -> Section:
    runs = material.runs(choice)
    findings = material.findings_of("dips", runs)
    marks = pl.DataFrame(
        [
            {"run": f.runs[0], "step": dip["step"]}
            for f in findings
            for dip in f.evidence.get("dips", ())
        ],
        schema={"run": pl.String, "step": pl.Int64},
    )
    history = pl.concat([run.history for run in runs])
    marked = marks.join(history.select("run", "step", "val_accuracy"), on=["run", "step"])
    labels = {f"{run.name} ({'shuffled' if run.run.config.shuffle else 'not shuffled'})": run.name
              for run in runs}  # fmt: skip
    figure = accuracy_comparison(
        history, labels, dips=marked, name=f"shuffling-{slug(*choice.runs)}"
    )
    rows = tuple(_dips_row(f) for f in findings if f.evidence)
    blocks: list[Block] = [
        _about(runs),
        FigureBlock(figure, "Validation accuracy with and without shuffling; dips are marked."),
    ]
    if rows:
        head = ("run", "dips", "median depth", "deepest", "median gap", "at the same batch")
        align = ("left", "right", "right", "right", "right", "right")
        blocks.append(Table(head, rows, "Dips of the validation accuracy.", align))
    method = Paragraph(
        "A dip is an evaluation whose accuracy lies below the running median of five by more than "
        "five robust standard deviations of the curve about that median, and by more than two "
        "standard errors of the accuracy."
    )
    question = "What does shuffling the examples anew in each epoch change?"
    answer = (*said(findings), method)
    return Section(choice.title or "Shuffled against unshuffled", question, tuple(blocks), answer)


def _dips_row(finding: Finding) -> tuple[str, ...]:
    evidence = finding.evidence
    depths = [100 * dip["depth"] for dip in evidence["dips"]]
    gap = evidence.get("median_gap_steps")
    hits = evidence.get("dips_at_commonest_batch")
    return (
        f"`{finding.runs[0]}`",
        str(len(depths)),
        f"{np.median(depths):.2f} points" if depths else "–",
        f"{max(depths):.2f} points" if depths else "–",
        f"{gap:,.0f} steps" if gap else "–",
        f"{hits} of {len(depths)}" if hits else "–",
    )


def _overfitting(material: Material, choice: Choice) -> Section:
    runs = material.runs(choice)
    findings = material.findings_of("overfitting", runs)
    rows = tuple(
        (
            f"`{f.runs[0]}`",
            f"{100 * f.evidence['train_accuracy']:.2f}%",
            f"{100 * f.evidence['val_accuracy']:.2f}%",
            f"{100 * f.evidence['gap']:.2f}",
            " to ".join(f"{100 * end:.2f}" for end in f.evidence["gap_interval"]),
            f"{f.evidence['val_loss_slope_per_epoch']:.2e}".replace("-", "−"),
        )
        for f in findings
        if f.evidence
    )
    table = Table(
        ("run", "training accuracy", "validation accuracy", "gap (points)", "95% interval",
         "slope of validation loss per epoch"),
        rows,
        "The end of training. Newcombe's interval for the gap; Theil–Sen slope over the last fifth.",
        ("left", *["right"] * 5),  # type: ignore[arg-type]
    )  # fmt: skip
    question = "Does the model overfit?"
    return Section(choice.title or "Overfitting", question, (table,), said(findings))


def _weights(material: Material, choice: Choice) -> Section:
    findings = {f.runs[0]: f for f in material.findings_of("weights")}
    runs = [run for run in material.runs(choice) if run.name in findings]
    shape = material.outcome.data["image_shape"]
    if not runs or len({run.weights.shape for run in runs}) > 1:
        text = "Weights are drawn where features are pixels and all models have the same outputs."
        return Section(choice.title or "Weights", None, (Note("info", text),))
    rows = [WeightRow(l2_label(r), r.weights, findings[r.name].evidence["geary_c"]) for r in runs]
    binary = runs[0].weights.shape[1] == 1
    names = [str(c) for c in (runs[0].classes[:1] if binary else runs[0].classes)]
    figure = weight_pictures(
        rows, tuple(shape), names, noise_label="noise", name=f"weights-{slug(*choice.runs)}"
    )
    noisiest = max(runs, key=lambda r: findings[r.name].evidence["geary_c"])
    smoothest = min(runs, key=lambda r: findings[r.name].evidence["geary_c"])
    high = findings[noisiest.name].evidence["geary_c"]
    low = findings[smoothest.name].evidence["geary_c"]
    norms = "; ".join(f"{l2_label(r)}: norm {r.last.weight_norm:.4g}" for r in runs if r.last)
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
    blocks = (_about(runs), FigureBlock(figure, caption))
    return Section(choice.title or "The weights as pictures", question, blocks, answer)


def _l2_accuracy(material: Material, choice: Choice) -> Section:
    runs = sorted(material.runs(choice), key=lambda run: -run.run.config.l2)
    same = len({run.run.config.l2 for run in runs}) < len(runs)
    labels = {run.name if same else l2_label(run): run.name for run in runs}
    history = pl.concat([run.history for run in runs])
    figure = sweep_accuracy(history, labels, name=f"accuracy-{slug(*choice.runs)}")
    rows = tuple(
        (
            f"{run.run.config.l2:g}",
            f"{100 * run.last.train_accuracy:.2f}%",
            f"{100 * run.last.val_accuracy:.2f}%",
            f"{run.last.val_loss:.4f}",
        )
        for run in runs
        if run.last
    )
    table = Table(
        ("λ", "training accuracy", "validation accuracy", "validation loss"),
        rows, "At the last evaluation of each run.", ("right",) * 4,
    )  # fmt: skip
    names = {run.name for run in runs}
    findings = [f for f in material.findings_of("l2-accuracy", runs) if names & {*f.runs}]
    question = "Which penalty gives the best validation accuracy?"
    blocks = (FigureBlock(figure, "Validation accuracy over steps for each λ."), table)
    return Section(choice.title or "Accuracy against λ", question, blocks, said(findings))


def _weight_norm(material: Material, choice: Choice) -> Section:
    runs = material.runs(choice)
    penalized = [run for run in runs if run.run.config.l2 > 0]
    findings = material.findings_of("weight-norm", penalized)
    plain = [run.last.weight_norm for run in runs if run.run.config.l2 == 0 and run.last]
    norms = pl.DataFrame(
        {
            "l2": [run.run.config.l2 for run in penalized],
            "weight_norm": [run.last.weight_norm for run in penalized if run.last],
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
    blocks = (FigureBlock(figure, "Norm of what the penalty covers, at the last evaluation."),)
    return Section(choice.title or "The norm against λ", question, blocks, said(findings))


def slug(*names: str) -> str:
    """Return names as a file stem: letters, digits and hyphens."""
    text = "".join(c if c.isalnum() or c == "." else "-" for c in "-".join(names))
    return "-".join(filter(None, text.split("-")))


BUILDERS: dict[str, Builder] = {
    "derivation": _derivation,
    "gradient-check": _gradient_check,
    "loss-curves": _loss_curves,
    "accuracy-curves": _accuracy_curves,
    "early-stopping": _early_stopping,
    "shuffling": _shuffling,
    "overfitting": _overfitting,
    "weights": _weights,
    "l2-accuracy": _l2_accuracy,
    "weight-norm": _weight_norm,
}
