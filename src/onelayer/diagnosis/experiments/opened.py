"""What is in the batches of an epoch: numbers of each, and the examples of some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from onelayer.data import Dataset, Rows
from onelayer.diagnosis.exhibits import as_bytes, packed
from onelayer.diagnosis.experiments.influence import harm
from onelayer.diagnosis.experiments.interventions import Trial
from onelayer.diagnosis.measures.dips import BatchNumbers, OpenedBatch
from onelayer.diagnosis.subjects.examples import dense
from onelayer.model import LOSSES, Parameters

MOST_NUMBERS = 400
"""So many batches at most have their numbers kept."""

MOST_ROWS = 256
"""So many examples of an opened batch are kept, the most harmful ones."""

MOST_BYTES = 410_000
"""So many bytes of pixels at most, of all opened batches together."""

OTHERS = 2
"""Batches that are opened beside the one behind the dips, the next deepest falls."""

_DIGITS = 4


def numbers(trial: Trial, before: Parameters, n_batches: int) -> list[BatchNumbers]:
    """Return what is in each batch of the epoch, and its gradient, at given weights."""
    train, loss = trial.train, LOSSES[trial.config.model]
    losses, gradients, counts = [], [], []
    for number in range(n_batches):
        rows = trial.batch(number)
        X, targets = trial.values(rows), train.targets[rows]
        scores = before.scores(X)
        residuals = loss.residuals(scores, targets)
        losses.append(float(loss.values(scores, targets).mean()))
        gradients.append(np.vstack([X.T @ residuals, residuals.sum(axis=0)]).ravel() / len(rows))
        counts.append(tuple(np.bincount(targets, minlength=train.n_classes).tolist()))
    norms, whole = np.linalg.norm(gradients, axis=1), np.sum(gradients, axis=0)
    found = []
    for number, gradient in enumerate(gradients):
        rest = whole - gradient
        scale = norms[number] * np.linalg.norm(rest)
        cosine = float(gradient @ rest / scale) if scale > 0 else 0.0
        found.append(
            BatchNumbers(number, counts[number], losses[number], float(norms[number]), cosine)
        )
    return found


def kept(numbers: Sequence[BatchNumbers], falls: Sequence[float]) -> tuple[BatchNumbers, ...]:
    """Return all numbers, or those of the deepest falls, in the order of the epoch."""
    deepest = sorted(numbers, key=lambda each: -falls[each.batch])[:MOST_NUMBERS]
    return tuple(
        replace(
            each, loss=_rounded(each.loss), gradient_norm=_rounded(each.gradient_norm),
            gradient_cosine=_rounded(each.gradient_cosine),
        )
        for each in sorted(deepest, key=lambda each: each.batch)
    )  # fmt: skip


def worth_opening(falls: Sequence[float], batch: int) -> list[int]:
    """Return the batch, the ones with the next deepest falls, and one whose fall is the median."""
    others = sorted((b for b in range(len(falls)) if b != batch), key=lambda b: -falls[b])
    return [batch, *dict.fromkeys([*others[:OTHERS], others[len(others) // 2]])]


def opened(
    trial: Trial, batches: Sequence[int], before: Sequence[Sequence[Parameters]]
) -> tuple[OpenedBatch, ...]:
    """Return the examples of some batches, given the parameters before steps on each."""
    train, found, sorted_rows = trial.train, [], []
    for batch, own in zip(batches, before, strict=True):
        rows = trial.batch(batch)
        harms, losses = harm(trial, rows, own)
        ranked = np.argsort(-harms, kind="stable")[:MOST_ROWS]
        sorted_rows.append(rows[ranked])
        found.append(
            OpenedBatch(
                batch, tuple(trial.rows[rows[ranked]].tolist()),
                tuple(train.classes[target] for target in train.targets[rows[ranked]]),
                tuple(map(_rounded, losses[ranked])), tuple(map(_rounded, harms[ranked])),
            )
        )  # fmt: skip
    images = _images(train, sorted_rows)
    return tuple(replace(each, pixels=pixels) for each, pixels in zip(found, images, strict=True))


def _images(train: Dataset, batches: Sequence[Rows]) -> list[str | None]:
    """Return the pixels of each batch's first examples, as far as there is room for them."""
    shape = train.image_shape
    each = MOST_BYTES // (len(batches) * train.n_features)
    if (
        shape is None
        or each == 0
        or train.n_features not in (shape[0] * shape[1], 3 * shape[0] * shape[1])
    ):
        return [None] * len(batches)
    return [packed(v) for v in as_bytes([dense(train, rows[:each]) for rows in batches])]


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
