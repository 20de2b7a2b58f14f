"""The loss and the accuracy of runs over their steps, early stopping, overfitting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from onelayer.diagnosis.checks.early_stopping import EarlyStop
from onelayer.diagnosis.measures.overfitting import Overfitting
from onelayer.diagnosis.words import count, number, percent, signed, span
from onelayer.report.document import Block, FigureBlock, Note, Paragraph, Section, Table
from onelayer.report.figure import file_stem
from onelayer.report.figures import accuracy_curves, loss_curves, replicate_curves
from onelayer.report.inline import code, literal
from onelayer.report.sections.material import (
    Material,
    kept_in_words,
    kept_step,
    measured,
    said,
    spread_in_words,
)
from onelayer.study import Replicates, RunOutcome, SectionChoice
from onelayer.words import listed


def loss(material: Material, choice: SectionChoice) -> Section:
    """Draw the losses of each run, and say where they began and ended."""
    blocks: list[Block] = []
    answers = []
    for group, runs in material.together(material.runs(choice)):
        if group is not None:
            blocks.append(_of_replicates(group, runs, "loss"))
            answers.append(Paragraph(literal(spread_in_words(group))))
            continue
        (run,) = runs
        figure = loss_curves(
            run.history, run.name, best_step=kept_step(run), title=f"Loss of {run.name}",
            name=file_stem("loss", run.name),
        )  # fmt: skip
        steps = count(run.record.steps, "step")
        caption = f"Training and validation loss of {code(run.name)} over {steps}."
        blocks.append(FigureBlock(figure, caption))
        answers.append(Paragraph(literal(_loss_in_words(run))))
    question = "How do the training and the validation loss go?"
    return Section(choice.title or "Loss", question, tuple(blocks), tuple(answers))


def _loss_in_words(run: RunOutcome) -> str:
    losses, curve, best = run.history["train_loss"].to_numpy(), run.curve, run.record.best
    assert best is not None
    ignorance = float(np.log(len(run.record.classes)))
    begins = f"The training loss of {run.name} begins at {losses[0]:.4f}"
    known = f"ln {len(run.record.classes)} = {ignorance:.4f}"
    if f"{losses[0]:.4f}" == f"{ignorance:.4f}":
        begins += f", the value of a model that knows nothing ({known})"
    else:
        begins += f"; a model that knows nothing has {known}"
    tail = losses[-run.record.batches_per_epoch :]
    low, mean, high = (float(f(tail)) for f in (np.min, np.mean, np.max))
    if np.isfinite(mean):
        over = f"over its last {count(len(tail), 'batch', 'batches')}"
        ends = f"{over} it is {mean:.4f} in the mean, between {low:.4f} and {high:.4f}."
        ends += " Single batches differ that much." if high > low else ""
    else:
        ends = "it was no longer finite in the end."
    first, last = curve["val_loss"][0], curve["val_loss"][-1]
    return (
        f"{begins}; {ends} Its validation loss goes from {_loss(first)} after step "
        f"{curve['step'][0]:,} to {_loss(last)} after step {curve['step'][-1]:,}; the best is "
        f"{best.val_loss:.4f}, after step {best.step:,}."
    )


def _loss(value: float) -> str:
    return f"{value:.4f}" if np.isfinite(value) else "not finite"


def accuracy(material: Material, choice: SectionChoice) -> Section:
    """Draw the accuracies of each run."""
    blocks, answers = [], []
    for group, runs in material.together(material.runs(choice)):
        if group is not None:
            blocks.append(_of_replicates(group, runs, "accuracy"))
            answers.append(Paragraph(literal(spread_in_words(group))))
            continue
        (run,) = runs
        figure = accuracy_curves(
            run.history, run.name, best_step=kept_step(run), title=f"Accuracy of {run.name}",
            name=file_stem("accuracy", run.name),
        )  # fmt: skip
        caption = f"Training and validation accuracy of {code(run.name)}, at each evaluation."
        blocks.append(FigureBlock(figure, caption))
        curve, last = run.curve, run.record.last
        assert last is not None
        top = int(np.argmax(curve["val_accuracy"].to_numpy()))
        answers.append(Paragraph(literal(
            f"At the last of {count(curve.height, 'evaluation')} {run.name} has "
            f"{percent(last.train_accuracy)} of the training and "
            f"{percent(last.val_accuracy)} of the validation examples right. The "
            f"highest validation accuracy is {percent(curve['val_accuracy'][top])}, after step "
            f"{curve['step'][top]:,}. {kept_in_words(run)}"
        )))  # fmt: skip
    question = "How many examples does the model get right, on either set?"
    return Section(choice.title or "Accuracy", question, tuple(blocks), tuple(answers))


def _of_replicates(group: Replicates, runs: Sequence[RunOutcome], kind: str) -> FigureBlock:
    """Return one figure for runs that differ in seed or draw alone."""
    figure = replicate_curves(
        pl.concat([run.history for run in runs]), [run.name for run in runs], kind,
        title=f"{kind.capitalize()} of {group.name}, {group.over}",
        name=file_stem(kind, group.name, "replicates"),
    )  # fmt: skip
    return FigureBlock(
        figure, f"The {kind} of {code(group.name)} at each evaluation, a line for each of "
        f"{literal(group.over)}.",
    )  # fmt: skip


def early_stopping(material: Material, choice: SectionChoice) -> Section:
    """Say when early stopping came, and what it saved."""
    runs = material.runs(choice)
    rows = []
    for run in runs:
        best, last = run.record.best, run.record.last
        assert best is not None
        assert last is not None
        kept = "best" if kept_step(run) is None else "best, kept"
        for label, evaluation in ((kept, best), ("last", last)):
            rows.append((
                code(run.name), label, f"{evaluation.step:,}", f"{evaluation.epoch:,}",
                _loss(evaluation.val_loss), percent(evaluation.val_accuracy),
            ))  # fmt: skip
    table = Table(
        ("run", "evaluation", "step", "completed epochs", "validation loss", "validation accuracy"),
        tuple(rows), None, ("left", "left", "right", "right", "right", "right"),
    )  # fmt: skip
    question = "When did early stopping come, what did it save, and what did it give up?"
    findings = material.findings_of(EarlyStop, runs)
    blocks = [table, *(_patiences(f.runs[0], stop) for f, stop in measured(findings, EarlyStop)
                       if stop.patiences)]  # fmt: skip
    answer = [*said(findings)]
    if without := [run.name for run in runs if run.record.config.early_stopping is None]:
        answer.append(Note("info", literal(f"Trained without early stopping: {listed(without)}.")))
    return Section(choice.title or "Early stopping", question, tuple(blocks), tuple(answer))


def _patiences(run: str, stop: EarlyStop) -> Table:
    """Return what other patiences would have come to."""
    return Table(
        ("patience", "steps", "lowest validation loss kept", "above the lowest"),
        tuple(
            (f"{p.patience}", f"{p.steps:,}", number(p.best_val_loss), percent(p.given_up, 1))
            for p in stop.patiences
        ),
        f"{code(run)} gone on to {stop.continued_steps:,} steps: what each patience would keep.",
    )


def overfitting(material: Material, choice: SectionChoice) -> Section:
    """Say whether each run overfits, with the gap and the trend that tell."""
    runs = material.runs(choice)
    findings = material.findings_of(Overfitting, runs)
    rows = tuple(
        (
            code(finding.runs[0]),
            percent(found.gap.train_accuracy),
            percent(found.gap.val_accuracy),
            f"{signed(found.gap.memory)} ({span(found.gap.memory_interval)})",
            f"{signed(found.gap.parts)} ({span(found.gap.parts_interval)})",
            percent(found.rise_above_lowest, 1),
            "–" if found.minimum is None else percent(found.minimum.rise, 1),
        )
        for finding, found in measured(findings, Overfitting)
    )
    table = Table(
        ("run", "training accuracy", "validation accuracy", "memory (points)",
         "validation harder by (points)", "loss at the end above its lowest",
         "loss at the minimum above it"),
        rows,
        "Memory: how much better the accuracy is on examples that trained than on a fifth that did "
        "not; both differences with 95% intervals.",
        ("left", "right", "right", "right", "right", "right", "right"),
    )  # fmt: skip
    blocks: list[Block] = [table] if rows else []
    if broken := [run.name for run in runs if not run.record.stop_reason.is_planned]:
        text = f"Not looked at, since training did not come to its end: {listed(broken)}."
        blocks.append(Note("info", literal(text)))
    question = "Does the model overfit?"
    return Section(choice.title or "Overfitting", question, tuple(blocks), said(findings))
