"""OL102: sharp dips of the validation accuracy, and whether they come at the same batch."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import polars as pl

from onelayer.diagnosis.dips import WINDOW, find_dips
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.words import count, points
from onelayer.study import Outcome, RunOutcome, StudyData

MIN_EVALUATIONS = 4 * WINDOW


def check(outcome: Outcome, _data: StudyData) -> list[Finding]:
    """Report the dips of each run that has enough evaluations."""
    return [_finding(run) for run in outcome.runs]


def _finding(run: RunOutcome) -> Finding:
    # In the first epoch the curve still climbs, and what looks like a dip is its beginning.
    curve = run.curve.filter(pl.col("step") >= run.record.batches_per_epoch)
    order = "shuffled" if run.record.config.shuffle else "unshuffled"
    if curve.height < MIN_EVALUATIONS:
        statement = (
            f"The run {run.name} has {count(curve.height, 'evaluation')} after its first epoch; at "
            f"least {MIN_EVALUATIONS} are needed to tell a dip from noise."
        )
        return Finding("OL102", "dips", (run.name,), Severity.NOT_APPLICABLE, statement)

    dips = find_dips(curve["val_accuracy"].to_numpy(), run.record.n_validation)
    steps = curve["step"].to_numpy()[dips.evaluations]
    evidence = {
        "shuffle": run.record.config.shuffle,
        "evaluations": curve.height,
        "threshold": dips.threshold,
        "dips": [
            {"step": int(s), "depth": float(d)} for s, d in zip(steps, dips.depths, strict=True)
        ],
        "batches_per_epoch": run.record.batches_per_epoch,
    }
    if len(dips) == 0:
        statement = (
            f"The {order} run {run.name} has no dip: none of its {curve.height:,} evaluations "
            f"after the first epoch lies more than {points(dips.threshold)} below the median of "
            "its neighbours."
        )
        return Finding("OL102", "dips", (run.name,), Severity.INFO, statement, evidence)

    depth = (
        f"{points(float(dips.depths[0]))} deep"
        if len(dips) == 1
        else f"{points(float(np.median(dips.depths)))} deep in the median and "
        f"{points(float(dips.depths.max()))} at most"
    )
    statement = (
        f"The {order} run {run.name} has {count(len(dips), 'dip')} among {curve.height:,} "
        f"evaluations after the first epoch, {depth}."
    )
    if len(dips) >= 2:
        every = int(curve["step"][1] - curve["step"][0])
        regular, words = _regularity(steps, run.record.batches_per_epoch, every)
        evidence |= regular
        statement += f" {words}"
    return Finding("OL102", "dips", (run.name,), Severity.INFO, statement, evidence)


def _regularity(
    steps: np.ndarray, batches_per_epoch: int, evaluation_every: int
) -> tuple[dict[str, Any], str]:
    """Return evidence and words on spacing, and on the batch after which the dips come."""
    gaps = np.diff(steps)
    gap = float(np.median(gaps))
    equal = float(np.mean(gaps == gap))
    batch, hits = Counter((steps % batches_per_epoch).tolist()).most_common(1)[0]
    evidence: dict[str, Any] = {
        "median_gap_steps": gap,
        "equal_gaps": equal,
        "commonest_batch": int(batch),
        "dips_at_commonest_batch": hits,
    }
    epochs = gap / batches_per_epoch
    if len(gaps) == 1:  # one gap cannot be regular
        spacing = f"They are {gap:,.0f} steps ({epochs:.3g} epochs) apart."
    elif equal == 1:
        spacing = (
            f"They are regular: each comes {gap:,.0f} steps ({epochs:.3g} epochs) after the last."
        )
    else:
        spacing = (
            f"The median gap between them is {gap:,.0f} steps ({epochs:.3g} epochs); "
            f"{np.sum(gaps == gap)} of {count(len(gaps), 'gap')} "
            f"{'is' if np.sum(gaps == gap) == 1 else 'are'} exactly that."
        )
    if hits == len(steps):
        where = (
            f"All follow the update on the same batch of the epoch, number {batch} counted from 0."
        )
    elif hits > 1:
        where = (
            f"{hits} of {len(steps)} follow the update on batch {batch} of the epoch, "
            "counted from 0."
        )
    else:
        where = "No two follow the same batch of the epoch."
    meeting = math.lcm(evaluation_every, batches_per_epoch)
    evidence["evaluation_meets_batch_every"] = meeting
    if hits > 1 and gap == meeting > batches_per_epoch:
        where += (
            f" With an evaluation after every {evaluation_every} steps and {batches_per_epoch} "
            f"batches in an epoch, one comes right after a given batch only every {meeting:,} "
            "steps: that sets the gap."
        )
    return evidence, f"{spacing} {where}"
