"""Runs among which somebody may choose: those of the same validation examples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.context import Context
from onelayer.study import Outcome, RunOutcome
from onelayer.training import StopReason
from onelayer.training.convergence import ENOUGH

SWEPT = ("l2", "learning_rate", "batch_size", "momentum")
"""Options that are swept over numbers."""

_BROKEN_OFF = (StopReason.DIVERGED, StopReason.INTERRUPTED)


def examples_of(run: RunOutcome) -> Hashable:
    """Return what runs on the same validation examples have in common."""
    selection = run.run.selection
    classes = None if selection.classes is None else frozenset(selection.classes)
    shares = selection.class_shares
    return classes, shares, None if shares is None else selection.draw


def grid_of(run: RunOutcome) -> Hashable:
    """Return what runs have in common that differ in swept options alone."""
    return run.run.selection, run.record.config.model_dump_json(exclude=set(SWEPT))


def has_choosable_model(run: RunOutcome) -> bool:
    """Whether a run keeps a model of one class an example, with a finite validation loss."""
    record = run.record
    return (
        record.stop_reason not in _BROKEN_OFF
        and record.model != "multilabel"
        and record.final.val_loss is not None
        and record.final.val_accuracy is not None
    )


def candidates(outcome: Outcome) -> list[list[RunOutcome]]:
    """Return the runs that keep a model, together those of the same validation examples."""
    groups: dict[Hashable, list[RunOutcome]] = defaultdict(list)
    for run in outcome.runs:
        if has_choosable_model(run):
            groups[examples_of(run)].append(run)
    return list(groups.values())


def val_accuracy(run: RunOutcome) -> float:
    """Return the validation accuracy of the model that is kept."""
    assert run.record.final.val_accuracy is not None
    return run.record.final.val_accuracy


def most_accurate(runs: list[RunOutcome]) -> RunOutcome:
    """Return the run that one would pick: of equals that with the lowest validation loss."""
    return min(runs, key=lambda run: (-val_accuracy(run), run.record.final.val_loss))


def validation_losses(context: Context, run: RunOutcome) -> NDArray[np.float64]:
    """Return the loss of each validation example by the model that a run keeps, (n,)."""

    def losses() -> NDArray[np.float64]:
        _, validation = context.parts(run)
        logs = np.asarray(run.model.predict_log_proba(validation.X), np.float64)
        targets = context.targets(run)
        found: NDArray[np.float64] = -logs[np.arange(len(targets)), targets]
        return found

    return context.once(("validation losses", run.name), losses)


def has_converged(run: RunOutcome) -> bool:
    """Whether more steps would not have changed a run's model much."""
    record = run.record
    if record.stop_reason in (StopReason.PATIENCE, StopReason.CONVERGED):
        return True
    minimum = record.minimum
    if minimum is not None and minimum.excess is not None and minimum.bound is not None:
        return minimum.excess + minimum.bound <= ENOUGH * minimum.value
    return record.convergence is not None and record.convergence.reached
