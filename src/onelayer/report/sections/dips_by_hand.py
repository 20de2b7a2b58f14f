"""Dips for a reader's hand: what the page's script shows, see templates/scripts/interactives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onelayer.data import order_by_law
from onelayer.diagnosis.image_shape import ImageShape
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.report import packed
from onelayer.study import ORDERS, RunOutcome

SHARES = 30_000
"""So many parts of one that an accuracy is shown in: an int16 holds them."""


def batch_of_step(run: RunOutcome, steps: int, batches: int) -> NDArray[np.int64]:
    """Return which batch of the file each of the first steps of a run is made on."""
    config, record = run.record.config, run.record
    if config.order != "batches":
        return np.arange(steps) % batches
    of_steps = []
    for epoch in range(-(-steps // batches)):
        targets = np.zeros(record.n_train, int)
        order = order_by_law("batches", config.seed, epoch, targets, config.batch_size)
        of_steps.append(order[:: config.batch_size][:batches] // config.batch_size)
    return np.concatenate(of_steps)[:steps]


def by_hand(run: RunOutcome, dips: AccuracyDips, shape: ImageShape | None) -> dict[str, Any] | None:
    """Return what can be opened of a run's dips; None where their details were not kept."""
    culprit = dips.culprit
    if culprit is None or not dips.opened:
        return None
    of_step = batch_of_step(run, len(dips.accuracies), dips.batches_per_epoch)
    first = np.arange(len(of_step)) >= dips.batches_per_epoch
    watched = np.flatnonzero((of_step == dips.batch) & first) + dips.lag
    own = {
        "name": ORDERS[run.record.config.order], "change": "as it was",
        "accuracies": _curve(dips.accuracies),
        "watched": [int(step) for step in watched if step < len(of_step)],
        "fall": culprit.fall, "error": culprit.standard_error,
    }  # fmt: skip
    size = None
    if shape is not None and any(each.pixels for each in dips.opened):
        size = [shape.height, shape.width, shape.channels]
    return {
        "run": run.called,
        "batches": dips.batches_per_epoch,
        "batch": dips.batch,
        "lag": dips.lag,
        "shares": SHARES,
        "tried": {"epochs": dips.tried_epochs, "fall": dips.interventions[0].fall},
        "sequence": packed.array(of_step.astype(np.int32)),
        "curves": [own, *(
            {"name": name, "change": each.change, "accuracies": _curve(each.accuracies),
             "watched": list(each.watched), "fall": each.fall,
             "error": _finite(each.standard_error)}
            for name, each in zip(_names(dips), dips.interventions[1:], strict=True)
        )],
        "falls": packed.array(np.array(dips.falls, np.float32)),
        "errors": packed.array(np.array(dips.fall_errors, np.float32)),
        "classes": [str(label) for label in run.record.classes],
        "numbers": [
            {"batch": each.batch, "counts": list(each.class_counts), "loss": each.loss,
             "norm": each.gradient_norm, "cosine": each.gradient_cosine}
            for each in dips.batches
        ],
        "opened": [
            {"batch": each.batch, "rows": list(each.rows), "labels": list(map(str, each.labels)),
             "losses": list(each.losses), "harms": list(each.harms), "pixels": each.pixels}
            for each in dips.opened
        ],
        "size": size,
        "framed": culprit.carried_by or 10,
    }  # fmt: skip


def _names(dips: AccuracyDips) -> list[str]:
    """Return what was changed, as short as a button needs it."""
    left_out = [each.left_out for each in dips.interventions[5:]]
    few = [f"without its {n} worst" if n > 1 else "without its worst" for n in left_out]
    return [
        "another sequence", "shuffled once", "shuffled in each epoch", "without the batch", *few
    ]  # fmt: skip


def _curve(accuracies: Sequence[float]) -> dict[str, Any]:
    return packed.array(np.round(np.array(accuracies) * SHARES).astype(np.int16))


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
