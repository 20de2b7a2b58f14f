"""What the learning rate does, beside what curvature and penalty predict."""

from __future__ import annotations

import numpy as np

from onelayer.diagnosis.checks.oscillation import Oscillation
from onelayer.diagnosis.evidence import Evidence, measured
from onelayer.diagnosis.verdicts.judging import FAILS, HOLDS, OPEN, Judged, Runs
from onelayer.diagnosis.verdicts.numbers import NUMBERS
from onelayer.diagnosis.words import count, number
from onelayer.study import RunOutcome
from onelayer.training import StopReason
from onelayer.words import listed

NEAR = 8
"""The quickest rate is near the limit if it is no less than the limit over this."""


def _limits(runs: Runs, evidence: Evidence) -> dict[str, float]:
    """Return the rate from which on steps overshoot at weights of 0, as predicted for each run."""
    findings = measured(evidence.findings_of(Oscillation, runs), Oscillation)
    return {f.runs[0]: found.limit_at_start for f, found in findings}


def _is_full_batch(run: RunOutcome) -> bool:
    return run.record.batches_per_epoch == 1


def _rises(run: RunOutcome) -> tuple[int, int]:
    """Return in how many steps the training loss rose, and of how many."""
    losses = run.history["train_loss"].to_numpy()
    change = np.diff(losses)
    slack = 1e-6 * np.abs(losses[:-1])  # sums of float32 are not exact
    return int(np.sum(~(change <= slack))), len(change)


def loss_falls_below(runs: Runs, evidence: Evidence) -> Judged:
    """Compare where the loss rises with the predicted limit, in steps on all examples."""
    limits = _limits(runs, evidence)
    own = sorted(
        (r for r in runs if r.name in limits and _is_full_batch(r)),
        key=lambda run: run.record.config.learning_rate,
    )
    if len(own) < 2:
        return None
    limit = limits[own[0].name]
    below = [run for run in own if run.record.config.learning_rate < limit]
    beyond = [run for run in own if run not in below]
    if not below or not beyond:
        return OPEN, f"The predicted limit is {number(limit)}, and all rates are on one side of it."
    surprising = [r for r in below if _rises(r)[0]] + [r for r in beyond if not _rises(r)[0]]
    said = (
        f"The curvature at weights of 0 predicts a limit of {number(limit)}. Below it the training "
        f"loss rose {_told(below)}; above it {_told(beyond)}. No chance has a part in it: each "
        "step is on all examples."
    )
    if surprising:
        said += f" Against the prediction: {listed(_rate(run) for run in surprising)}."
    return (FAILS if surprising else HOLDS), said


def _told(runs: Runs) -> str:
    """Say in how many steps the loss rose: 'in no step (rates 0.1 and 0.2)'."""
    still = [run for run in runs if not _rises(run)[0]]
    said = [f"in no step (rate {listed(map(_rate, still))})"] if still else []
    for run in runs:
        rose, of = _rises(run)
        if rose:
            said.append(f"in {rose:,} of {count(of, 'step')} (rate {_rate(run)})")
    return listed(said)


def _rate(run: RunOutcome) -> str:
    return f"{run.record.config.learning_rate:g}"


def quickest_near(runs: Runs, evidence: Evidence) -> Judged:
    """Compare the rate that takes the fewest steps with the predicted limit."""
    limits = _limits(runs, evidence)
    measure = NUMBERS["steps_to_reach"].of(runs)
    steps = {run.record.config.learning_rate: measure(run) for run in runs if run.name in limits}
    known = {rate: n for rate, n in steps.items() if n is not None}
    if len(known) < 2:
        return None
    best, limit = min(known, key=lambda rate: known[rate]), next(iter(limits.values()))
    said = (
        f"The predicted limit is {number(limit)}; the rate {best:g} takes the fewest steps, "
        f"{known[best]:,.0f}"
    )
    if slow := {rate: n for rate, n in known.items() if rate < best}:
        rate = min(slow)
        said += f", where {rate:g} takes {slow[rate]:,.0f}"
    holds = limit / NEAR <= best <= NEAR * limit
    return (HOLDS if holds else FAILS), f"{said}. Near is within a factor of {NEAR}."


def penalty_bounds(runs: Runs, _material: Evidence) -> Judged:
    """Compare which runs diverged with the rate 1/λ."""
    own = [run for run in runs if run.record.config.l2 > 0]
    above = [r for r in own if r.record.config.learning_rate > 1 / r.record.config.l2]
    if not above or len(above) == len(own):
        return None
    diverged = [run for run in own if run.record.stop_reason is StopReason.DIVERGED]
    bound = 1 / own[0].record.config.l2
    said = (
        f"Each step multiplies the weights by 1 − 2ηλ before the gradient is added: with η above "
        f"1/λ = {number(bound)} their size grows without end. "
        f"{count(len(above), 'run')} had such a rate ({listed(map(_rate, above))}), and "
        f"{'the same' if diverged == above else str(len(diverged))} diverged"
        f"{'' if diverged == above else f' ({listed(map(_rate, diverged))})' if diverged else ''}."
    )
    return (HOLDS if diverged == above else FAILS), said
