"""When early stopping came, what it saved, and what it gave up."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from onelayer.diagnosis.checks.early_stopping import Beyond, EarlyStop
from onelayer.diagnosis.words import number, percent, points
from onelayer.report import linked, style
from onelayer.report.document import Block, FigureBlock, Fold, Interactive, Note, Section, Table
from onelayer.report.figure import file_stem
from onelayer.report.figures import continued_loss, scales
from onelayer.report.inline import literal
from onelayer.report.linked import Chart, Line, Pane
from onelayer.report.sections import charts
from onelayer.report.sections.material import Material, kept_step, measured, said
from onelayer.study import RunOutcome, SectionChoice
from onelayer.words import listed


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
            loss = evaluation.val_loss
            rows.append((
                literal(run.label), label, f"{evaluation.step:,}", f"{evaluation.epoch:,}",
                f"{loss:.4f}" if np.isfinite(loss) else "not finite",
                percent(evaluation.val_accuracy),
            ))  # fmt: skip
    table = Table(
        ("run", "evaluation", "step", "completed epochs", "validation loss", "validation accuracy"),
        tuple(rows), None, ("left", "left", "right", "right", "right", "right"),
    )  # fmt: skip
    question = "When did early stopping come, what did it save, and what did it give up?"
    findings = material.findings_of(EarlyStop, runs)
    blocks: list[Block] = [table]
    named = {run.name: run for run in runs}
    went_on = [(f.runs[0], stop) for f, stop in measured(findings, EarlyStop) if stop.patiences]
    for name, stop in went_on[: charts.MOST_ALONE]:
        if stop.beyond is not None:
            blocks.append(_gone_on(material, named[name], stop, stop.beyond))
        title = f"What other patiences would keep of {named[name].called}"
        blocks.append(Fold(title, (_patiences(named[name].called, stop),)))
    answer = [*said(findings)]
    if without := [run.called for run in runs if run.record.config.early_stopping is None]:
        answer.append(Note("info", literal(f"Trained without early stopping: {listed(without)}.")))
    return Section(choice.title or "Early stopping", question, tuple(blocks), tuple(answer))


def _gone_on(material: Material, run: RunOutcome, stop: EarlyStop, beyond: Beyond) -> Interactive:
    """Return the curve past the end of a run, with the patience on a slider."""
    assert stop.continued_steps is not None
    seen = (
        f"{run.called} gone on to {stop.continued_steps:,} steps. Its patience of {stop.patience} "
        f"keeps step {stop.best_step:,}, a validation loss {percent(stop.loss_given_up or 0, 1)} "
        f"above the lowest, which comes at step {stop.lowest_step:,}."
    )
    steps, losses = _joined(run, beyond, "val_loss")
    figure = continued_loss(
        pl.DataFrame({"step": steps, "value": losses}),
        stopped=stop.stopped_step, kept=stop.best_step, lowest=stop.lowest_step,
        title=f"{run.called} past its early stop", name=file_stem("early-stop", run.name),
    )  # fmt: skip
    _, accuracies = _joined(run, beyond, "val_accuracy")
    batches = run.record.batches_per_epoch
    panes = (
        Pane("loss", (Line("validation loss", style.VALIDATION, run.label, batches,
                           steps, losses),),
             scales.high_values_flatten(losses)),
        Pane("accuracy (%)", (Line("validation accuracy", style.VALIDATION, run.label, batches,
                                   steps, 100 * accuracies),)),
    )  # fmt: skip
    chart = Chart(figure.title, seen, panes, patience=_slider(stop))
    most = charts.most_points(material)
    return linked.interactive([chart], [FigureBlock(figure, literal(seen))], most=most)


def _joined(
    run: RunOutcome, beyond: Beyond, column: str
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the evaluations of a run and those past its end."""
    steps = np.concatenate([run.curve["step"].to_numpy(), np.array(beyond.step, np.int64)])
    values = [run.curve[column].to_numpy(), np.array(getattr(beyond, column), float)]
    return steps, np.concatenate(values)


def _slider(stop: EarlyStop) -> dict[str, Any]:
    """Return what the slider needs: see `stopOn` in the page's script."""
    return {
        "patience": stop.patience,
        "every": stop.evaluated_every,
        "steps": stop.continued_steps,
        "stays": [
            {"step": s.step, "loss": s.val_loss, "accuracy": s.val_accuracy,
             "evaluations": s.evaluations}
            for s in stop.stays
        ],
        "lowest": {"step": stop.lowest_step, "loss": stop.lowest_val_loss,
                   "accuracy": stop.lowest_val_accuracy},
    }  # fmt: skip


def _patiences(run: str, stop: EarlyStop) -> Table:
    """Return what other patiences would have come to."""
    gained = "" if stop.accuracy_given_up is None else (
        f" The accuracy at the lowest loss differs from the one kept by "
        f"{points(stop.accuracy_given_up)}."
    )  # fmt: skip
    return Table(
        ("patience", "steps", "lowest validation loss kept", "above the lowest"),
        tuple(
            (f"{p.patience}", f"{p.steps:,}", number(p.best_val_loss), percent(p.given_up, 1))
            for p in stop.patiences
        ),
        f"{literal(run)} gone on to {stop.continued_steps:,} steps: what each patience would keep."
        + gained,
    )
