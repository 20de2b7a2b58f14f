"""What is behind dips after one batch, and what removes them."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset, Rows
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.influence import harm, parameters_before
from onelayer.diagnosis.experiments.interventions import Intervention, Trial
from onelayer.diagnosis.measures.dips import AccuracyDips, BatchExample, Culprit, Verdict
from onelayer.diagnosis.subjects.examples import scaled
from onelayer.model import LOSSES, Parameters
from onelayer.study import RunOutcome
from onelayer.training import Schedule

TRIED_EPOCHS = 13
"""Length of the runs in which something is changed, the first epoch among them."""

REMOVED = 0.5
"""A change removes the dips if it takes away more than this share of their depth."""

COUNTS = (1, 2, 5, 10, 20, 40)
"""How many examples of the batch are left out, the most harmful first."""

TIMES = 5
"""At so many epochs the effect of the batch's examples is measured."""

SHOWN = 12
"""Examples that are named."""


def explained(
    context: Context, run: RunOutcome, dips: AccuracyDips, falls: NDArray[np.float64]
) -> AccuracyDips:
    """Find out what is behind the dips after one batch, by experiment.

    Parameters
    ----------
    dips : AccuracyDips
        With the batch after which the accuracy falls deepest.
    falls : float array, shape (epochs,)
        After that batch, epoch by epoch.

    Raises
    ------
    OverBudget
        If it costs more than is left.
    """
    trial = Trial.of(context, run, min(dips.epochs, TRIED_EPOCHS))
    dips = _traced_back(trial, dips)
    assert dips.batch is not None
    rows = trial.batch(dips.batch)
    before = _before(trial, dips)
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
    told = [each for k, each in zip(counts, some, strict=True) if k == (carried or counts[-1])]
    # Shuffling once takes sequence and composition away, and leaves every example as it is.
    verdict: Verdict = (
        "examples" if not _removes(once, own)
        else "order" if _removes(batches, own) else "composition"
    )  # fmt: skip
    pixels = _pixels(trial.train, rows)
    examples = tuple(
        BatchExample(
            int(trial.rows[rows[i]]), trial.train.classes[trial.train.targets[rows[i]]],
            float(losses[i]), float(effects[i]), pixels[i] if pixels else None,
        )
        for i in ranked[:SHOWN]
    )  # fmt: skip
    culprit = _culprit(trial, dips.batch, before[-1], falls, examples, carried)
    return replace(
        dips, culprit=culprit, interventions=(own, batches, once, anew, whole, *told),
        verdict=verdict, tried_epochs=trial.config.max_epochs,
    )  # fmt: skip


def _traced_back(trial: Trial, dips: AccuracyDips) -> AccuracyDips:
    """Return the dips with the batch without which the fall is smallest.

    Under momentum what a batch does goes on for steps, so that the deepest place comes later.
    """
    assert dips.batch is not None
    momentum = trial.config.momentum
    if momentum == 0 or trial.config.order == "batches":
        return dips
    lags = range(min(round(2 / (1 - momentum)), dips.batch) + 1)
    candidates = [trial.batch(dips.batch - lag) for lag in lags]
    watching = trial.watching(trial.batch(dips.batch), np.ones(len(candidates[0])))
    left = watching.without(candidates, [str(lag) for lag in lags])
    lag = int(np.argmin([each.fall for each in left]))
    return replace(dips, batch=dips.batch - lag, lag=lag)


def _removes(change: Intervention, own: Intervention) -> bool:
    return change.fall <= (1 - REMOVED) * own.fall


def _pixels(train: Dataset, rows: Rows) -> list[str] | None:
    """Return the examples of a batch as pictures, where they are grey images."""
    shape = train.image_shape
    if shape is None or shape[0] * shape[1] != train.n_features:
        return None
    values = scaled(train, train, rows, dtype=np.float64)
    low, high = float(values.min()), float(values.max())
    grey = np.round((values - low) * (255 / max(high - low, 1e-300))).astype(np.uint8)
    return [base64.b64encode(image.tobytes()).decode() for image in grey]


def _before(trial: Trial, dips: AccuracyDips) -> list[Parameters]:
    """Return the parameters right before the step on the batch, in several epochs of the run."""
    assert dips.batch is not None
    last = trial.config.max_epochs - 1
    epochs = np.unique(np.linspace(max(1, last // 2), last, TIMES).astype(int))
    return parameters_before(trial, [trial.step_on(dips.batch, int(epoch)) for epoch in epochs])


def _culprit(
    trial: Trial,
    batch: int,
    before: Parameters,
    falls: NDArray[np.float64],
    examples: tuple[BatchExample, ...],
    carried: int | None,
) -> Culprit:
    """Return what sets the batch apart from the others, right before a step on it."""
    train, loss = trial.train, LOSSES[trial.config.model]
    losses, gradients, counts = [], [], []
    for number in range(Schedule.of(trial.config, train.n_examples).batches_per_epoch):
        rows = trial.batch(number)
        X, targets = trial.values(rows), train.targets[rows]
        scores = before.scores(X)
        residuals = loss.residuals(scores, targets)
        losses.append(float(loss.values(scores, targets).mean()))
        gradients.append(np.vstack([X.T @ residuals, residuals.sum(axis=0)]).ravel() / len(rows))
        counts.append(np.bincount(targets, minlength=train.n_classes))
    others = np.arange(len(losses)) != batch
    norms, rest = (
        np.linalg.norm(gradients, axis=1),
        np.mean(gradients, axis=0, where=others[:, None]),
    )
    scale = norms[batch] * np.linalg.norm(rest)
    fall, error = mean_and_error(falls)
    return Culprit(
        fall, error,
        tuple(counts[batch].tolist()),
        tuple(np.mean(counts, axis=0, where=others[:, None]).tolist()),
        losses[batch], float(np.mean(losses, where=others)),
        float(norms[batch]), float(np.median(norms[others])),
        float(gradients[batch] @ rest / scale) if scale > 0 else 0.0,
        examples, carried,
    )  # fmt: skip


def mean_and_error(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return a mean over epochs, and its standard error."""
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))
