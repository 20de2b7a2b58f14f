"""What is behind dips after one batch, and what removes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Rows
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.influence import harm, parameters_before
from onelayer.diagnosis.experiments.interventions import Intervention, Trial
from onelayer.diagnosis.experiments.opened import kept, numbers, opened, worth_opening
from onelayer.diagnosis.measures.dips import (
    AccuracyDips,
    BatchExample,
    BatchNumbers,
    Culprit,
    Verdict,
)
from onelayer.model import Parameters
from onelayer.study import RunOutcome
from onelayer.training import Schedule

TRIED_EPOCHS = 13
"""Length of the runs in which something is changed, the first epoch among them."""

REMOVED = 0.5
"""A change removes the dips if it takes away more than this share of their depth."""

STAYS, OF_FEW_STAYS = 2 / 3, 1 / 6
"""Single examples keep more than this share of the depth wherever shuffling puts them: the second
where few of them carry the dip. Of a batch that needs its composition shuffling leaves what the few
examples do that stay together: the more of its depth, the fewer there are in a batch."""

FEW = 0.05
"""Of a batch, but at least one: so many examples are single ones."""

COUNTS = (1, 2, 5, 10, 20, 40)
"""How many examples of the batch are left out, the most harmful first."""

TIMES = 5
"""At so many epochs the effect of the batch's examples is measured."""

SHOWN = 12
"""Examples that are named."""


def explained(
    context: Context,
    run: RunOutcome,
    dips: AccuracyDips,
    falls: NDArray[np.float64],
    *,
    in_detail: bool = True,
) -> AccuracyDips:
    """Find out what is behind the dips after one batch, by experiment.

    Parameters
    ----------
    dips : AccuracyDips
        With the batch after which the accuracy falls deepest.
    falls : float array, shape (epochs,)
        After that batch, epoch by epoch.
    in_detail : bool
        Whether every curve is kept, and what is in the batches.

    Raises
    ------
    OverBudget
        If it costs more than is left.
    """
    trial = Trial.of(context, run, min(dips.epochs, TRIED_EPOCHS))
    dips = _traced_back(trial, dips)
    assert dips.batch is not None
    rows = trial.batch(dips.batch)
    opened_ones = worth_opening(dips.falls, dips.batch) if in_detail else [dips.batch]
    before, *others = _before(trial, opened_ones)
    effects, losses = harm(trial, rows, before)
    ranked = np.argsort(-effects, kind="stable")
    counts = [k for k in COUNTS if k < len(rows)]
    left_out: list[Rows] = [rows, *(rows[ranked[:k]] for k in counts)]
    trial = trial.watching(rows, np.maximum(effects, 0) + 1e-12, dips.lag)
    changes = ["without the batch"] + [
        f"without its {'most harmful example' if k == 1 else f'{k} most harmful examples'}"
        for k in counts
    ]
    own = trial.as_it_was("as it was")
    batches = trial.with_order("batches", "its batches in another sequence in each epoch")
    once = trial.with_order("once", "examples shuffled once")
    anew = trial.with_order("epoch", "examples shuffled in each epoch")
    whole, *some = trial.without(left_out, changes)
    carried = next(
        (k for k, each in zip(counts, some, strict=True) if _removes(each, own)), None
    )  # fmt: skip
    few = min(each.loss for each in some if each.left_out <= max(1, FEW * len(rows)))
    # Of the runs without some examples, ten and the fewest that remove the dips; the last is told.
    shown = sorted(
        {10, carried or counts[-1]} & {*counts}, key=lambda k: k == (carried or counts[-1])
    )
    told = [each for k in shown for each in some if each.left_out == k]
    examples = tuple(
        BatchExample(
            int(trial.rows[rows[i]]), trial.train.classes[trial.train.targets[rows[i]]],
            float(losses[i]), float(effects[i]),
        )
        for i in ranked[:SHOWN]
    )  # fmt: skip
    n_batches = Schedule.of(trial.config, trial.train.n_examples).batches_per_epoch
    in_each = numbers(trial, before[-1], n_batches)
    culprit = _culprit(in_each, dips.batch, falls, examples, carried)
    interventions = (own, batches, once, anew, whole, *told)
    verdict = verdict_of(own.loss, batches.loss, (once.loss + anew.loss) / 2, few)
    found = replace(
        dips, culprit=culprit, interventions=interventions, verdict=verdict,
        tried_epochs=trial.config.max_epochs,
    )  # fmt: skip
    if not in_detail:
        short = tuple(replace(each, accuracies=(), watched=()) for each in interventions)
        return replace(found, interventions=short)
    return replace(
        found, batches=kept(in_each, dips.falls),
        opened=opened(trial, opened_ones, [before, *others]),
    )  # fmt: skip


def verdict_of(own: float, batches: float, shuffled: float, few: float) -> Verdict:
    """Judge by what is left of the loss's rise after the batch, with each change.

    Shuffling takes sequence and composition away, and leaves every example as it is. What a single
    example does in a step it does in any batch; `few` is what is left without one or few of them.
    """
    if shuffled > (OF_FEW_STAYS if few <= (1 - REMOVED) * own else STAYS) * own:
        return "examples"
    return "order" if batches <= (1 - REMOVED) * own else "composition"


def _traced_back(trial: Trial, dips: AccuracyDips) -> AccuracyDips:
    """Return the dips with the batch without which the fall is smallest.

    Under momentum what a batch does goes on for steps, and comes to its height later.
    """
    assert dips.batch is not None
    momentum = trial.config.momentum
    if momentum == 0 or trial.config.order == "batches":
        return dips
    deepest = dips.batch + dips.lag
    lags = range(min(round(2 / (1 - momentum)), deepest) + 1)
    candidates = [(deepest - lag) % dips.batches_per_epoch for lag in lags]
    rows = trial.batch(dips.batch)
    watching = trial.watching(rows, np.ones(len(rows)), dips.lag)
    left = watching.without([trial.batch(b) for b in candidates], [str(b) for b in candidates])
    lag = int(np.argmin([each.fall for each in left]))
    return replace(dips, batch=candidates[lag], lag=lag)


def _removes(change: Intervention, own: Intervention) -> bool:
    return change.fall <= (1 - REMOVED) * own.fall


def _before(trial: Trial, batches: Sequence[int]) -> list[list[Parameters]]:
    """Return the parameters right before steps on some batches: the first has several epochs."""
    last = trial.config.max_epochs - 1
    epochs = np.unique(np.linspace(max(1, last // 2), last, TIMES).astype(int)).tolist()
    first = [trial.step_on(batches[0], epoch) for epoch in epochs]
    made = parameters_before(trial, first + [trial.step_on(b, last) for b in batches[1:]])
    return [made[: len(first)], *([parameters] for parameters in made[len(first) :])]


def _culprit(
    batches: Sequence[BatchNumbers],
    batch: int,
    falls: NDArray[np.float64],
    examples: tuple[BatchExample, ...],
    carried: int | None,
) -> Culprit:
    """Return what sets the batch apart from the others, right before a step on it."""
    own, others = batches[batch], [each for each in batches if each.batch != batch]
    fall, error = mean_and_error(falls)
    return Culprit(
        fall, error,
        own.class_counts,
        tuple(np.mean([each.class_counts for each in others], axis=0).tolist()),
        own.loss, float(np.mean([each.loss for each in others])),
        own.gradient_norm, float(np.median([each.gradient_norm for each in others])),
        own.gradient_cosine,
        examples, carried,
    )  # fmt: skip


def mean_and_error(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return a mean over epochs, and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
