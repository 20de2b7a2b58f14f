"""Where training starts, and where it ends."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.evidence import Evidence
from onelayer.diagnosis.verdicts.judging import FAILS, HOLDS, OPEN, Judged, Runs
from onelayer.diagnosis.words import count, number, percent
from onelayer.study import RunOutcome

SAME = 0.01
"""Weights are the same whose distance is less than this share of their norm."""

ARRIVED = 1e-3
"""A run has arrived when J is above its minimum by less than this share of it."""

TINY = 1e-6
"""Less is what rounding and the search for the minimum leave open."""


def _weights(run: RunOutcome) -> NDArray[np.float64]:
    """Return all parameters, without what softmax outputs have in common, which changes nothing."""
    model = run.model
    together = np.vstack([model.weights, model.bias]).astype(np.float64)
    return together - together.mean(axis=1, keepdims=True) if run.record.model == "softmax" else (
        together
    )  # fmt: skip


def one_optimum(runs: Runs, _material: Evidence) -> Judged:
    """Compare the weights that runs from different starts keep."""
    started = [run for run in runs if run.record.stop_reason.is_planned]
    if len(started) < 2 or not any(run.record.config.initial_std for run in started):
        return None
    weights = [_weights(run) for run in started]
    norm = max(float(np.linalg.norm(own)) for own in weights)
    apart = max(float(np.linalg.norm(a - b)) for a, b in combinations(weights, 2))
    share = apart / norm if norm > 0 else 0.0
    said = (
        f"Of {count(len(started), 'run')} from different starts the two that end farthest apart "
        f"differ by {_share(share)} of the norm of their weights; less than {percent(SAME, 0)} "
        "counts as the same"
    )
    minima = [run.record.minimum for run in started]
    excess = [m.excess / m.value for m in minima if m and m.excess is not None and m.value > 0]
    if excess:
        most = max(excess)
        above = f"at most {number(most)} of it" if most > TINY else f"less than {TINY:g} of it"
        said += f". J ends above its minimum by {above}"
    if share < SAME:
        return HOLDS, f"{said}."
    arrived = bool(excess) and max(excess) < ARRIVED
    if excess and not arrived:
        return OPEN, f"{said}: they have not arrived."
    return FAILS, f"{said}."


def start_is_forgotten(runs: Runs, _material: Evidence) -> Judged:
    """Compare how far the runs' losses are apart at their first and at their last evaluation."""
    curves = [run.curve["val_loss"].to_numpy() for run in runs if run.record.best is not None]
    if len(curves) < 2 or not any(run.record.config.initial_std for run in runs):
        return None
    first, last = ([float(curve[i]) for curve in curves] for i in (0, -1))
    ranges = [max(values) - min(values) for values in (first, last)]
    if not all(np.isfinite(ranges)) or ranges[0] == 0:
        return None
    said = (
        f"At the first evaluation the validation losses lie between {number(min(first))} and "
        f"{number(max(first))}, at the last between {number(min(last))} and {number(max(last))}: "
        f"{_share(ranges[1] / ranges[0])} of the range is left."
    )
    return (HOLDS if ranges[1] < 0.05 * ranges[0] else FAILS), said


def _share(value: float) -> str:
    return percent(value) if value >= 1e-4 else "less than 0.01%"
