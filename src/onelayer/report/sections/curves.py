"""The loss and the accuracy of runs over their steps, early stopping, overfitting."""

from __future__ import annotations

import numpy as np
import polars as pl

from onelayer.report.document import Block, FigureBlock, Paragraph, Section, Table
from onelayer.report.figures import accuracy_curves, loss_curves
from onelayer.report.inline import literal
from onelayer.report.sections.material import (
    Material,
    about,
    kept_in_words,
    kept_step,
    said,
    slug,
)
from onelayer.study import RunOutcome
from onelayer.study import Section as Choice


def loss(material: Material, choice: Choice) -> Section:
    """Draw the losses of each run, and say where they began and ended."""
    blocks: list[Block] = []
    answers = []
    for run in material.runs(choice):
        best = kept_step(run)
        figure = loss_curves(
            run.history, run.name, best_step=best, title=f"Loss of {run.name}",
            name=f"loss-{slug(run.name)}",
        )  # fmt: skip
        blocks += [about([run]), FigureBlock(figure, _caption_loss(run))]
        answers.append(Paragraph(literal(_loss_in_words(run))))
    question = "How do the training and the validation loss fall?"
    return Section(choice.title or "Loss", question, tuple(blocks), tuple(answers))


def _caption_loss(run: RunOutcome) -> str:
    return f"Training and validation loss of `{run.name}` over {run.record.steps:,} steps."


def _loss_in_words(run: RunOutcome) -> str:
    losses, curve = run.history["train_loss"], run.curve["val_loss"]
    window = min(run.record.batches_per_epoch, losses.len())
    first, last = losses[0], _mean(losses.tail(window))
    assert run.record.best is not None
    tail = losses.tail(window).to_numpy()
    low, high = tail.min(), tail.max()
    return (
        f"The training loss begins at {first:.4f}, the value of a model that knows nothing "
        f"({_ignorance(run)}), and over the last {window:,} batches of {run.name} it is {last:.4f} "
        f"in the mean, between {low:.4f} and {high:.4f}: single batches differ "
        f"that much. The validation loss goes from {curve[0]:.4f} after the first step to "
        f"{curve[-1]:.4f}; its lowest value is {run.record.best.val_loss:.4f}, at step "
        f"{run.record.best.step:,}."
    )


def _ignorance(run: RunOutcome) -> str:
    return f"ln {len(run.record.classes)} = {np.log(len(run.record.classes)):.4f}"


def _mean(values: pl.Series) -> float:
    return float(np.mean(values.to_numpy()))


def accuracy(material: Material, choice: Choice) -> Section:
    """Draw the accuracies of each run."""
    blocks, answers = [], []
    for run in material.runs(choice):
        best = kept_step(run)
        figure = accuracy_curves(
            run.history, run.name, best_step=best, title=f"Accuracy of {run.name}",
            name=f"accuracy-{slug(run.name)}",
        )  # fmt: skip
        caption = f"Training and validation accuracy of `{run.name}`, at each evaluation."
        blocks.append(FigureBlock(figure, caption))
        assert run.record.last is not None
        curve = run.curve
        top = int(np.argmax(curve["val_accuracy"].to_numpy()))
        answers.append(Paragraph(literal(
            f"At the last of {curve.height:,} evaluations {run.name} has "
            f"{100 * run.record.last.train_accuracy:.2f}% of the training and "
            f"{100 * run.record.last.val_accuracy:.2f}% of the validation examples right. The "
            f"highest validation accuracy is {100 * curve['val_accuracy'][top]:.2f}%, after step "
            f"{curve['step'][top]:,}. {kept_in_words(run)}"
        )))  # fmt: skip
    question = "How many examples does the model get right, on either set?"
    return Section(choice.title or "Accuracy", question, tuple(blocks), tuple(answers))


def early_stopping(material: Material, choice: Choice) -> Section:
    """Say when early stopping came, and what it saved."""
    runs = material.runs(choice)
    rows = []
    for run in runs:
        assert run.record.best is not None
        assert run.record.last is not None
        best = "best" if run.record.config.early_stopping is None else "best, kept"
        for label, evaluation in ((best, run.record.best), ("last", run.record.last)):
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


def overfitting(material: Material, choice: Choice) -> Section:
    """Say whether each run overfits, with the gap and the trend that tell."""
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
        "The end of training: Newcombe's interval, and Theil–Sen slope over the last fifth.",
        ("left", "right", "right", "right", "right", "right"),
    )  # fmt: skip
    question = "Does the model overfit?"
    return Section(choice.title or "Overfitting", question, (table,), said(findings))
