"""OL102: sharp dips of the validation accuracy, and whether they come at the same batch."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

import numpy as np
import polars as pl

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.dips import WINDOW, find_dips
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.words import count, points
from onelayer.study import RunOutcome

MIN_EVALUATIONS = 4 * WINDOW


@dataclass(frozen=True)
class Dip:
    """One dip: the step of its evaluation, and how far it lies below its neighbours' median."""

    step: int
    depth: float


@dataclass(frozen=True)
class Rhythm:
    """How regular two or more dips are.

    Attributes
    ----------
    median_gap_steps : float
    equal_gaps : float
        The share of the gaps that are exactly the median.
    commonest_batch : int
        The batch of the epoch, counted from 0, after whose update most dips come.
    dips_at_commonest_batch : int
    evaluation_meets_batch_every : int
        Steps from one evaluation right after a given batch to the next such one.
    """

    median_gap_steps: float
    equal_gaps: float
    commonest_batch: int
    dips_at_commonest_batch: int
    evaluation_meets_batch_every: int


@dataclass(frozen=True)
class AccuracyDips(Measurement):
    """The dips of one run's validation accuracy after its first epoch.

    Attributes
    ----------
    shuffle : bool
    evaluations : int
        How many there are after the first epoch.
    threshold : float
        The least depth that counts, as a fraction.
    dips : tuple of Dip
    batches_per_epoch : int
    rhythm : Rhythm or None
        None for fewer than two dips. In JSON its fields stand among the others.
    """

    code: ClassVar[str] = "OL102"
    check: ClassVar[str] = "dips"
    title: ClassVar[str] = "Sharp dips of the validation accuracy"

    shuffle: bool
    evaluations: int
    threshold: float
    dips: tuple[Dip, ...]
    batches_per_epoch: int
    rhythm: Rhythm | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        values = super().as_json()
        rhythm = values.pop("rhythm")
        return values | (rhythm or {})

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the measurement of which `as_json` made these values."""
        names = [field.name for field in fields(Rhythm)]
        rhythm = {name: values[name] for name in names if name in values}
        rest = {name: value for name, value in values.items() if name not in names}
        return super().from_json(rest | {"rhythm": rhythm or None})


def look(context: Context) -> list[Finding]:
    """Report the dips of each run that has enough evaluations."""
    return [_finding(run) for run in context.outcome.runs]


def _finding(run: RunOutcome) -> Finding:
    # In the first epoch the curve still climbs, and what looks like a dip is its beginning.
    curve = run.curve.filter(pl.col("step") >= run.record.batches_per_epoch)
    order = "shuffled" if run.record.config.order == "epoch" else "unshuffled"
    if curve.height < MIN_EVALUATIONS:
        statement = (
            f"The run {run.name} has {count(curve.height, 'evaluation')} after its first epoch; at "
            f"least {MIN_EVALUATIONS} are needed to tell a dip from noise."
        )
        return CHECK.not_applicable((run.name,), statement)

    dips = find_dips(curve["val_accuracy"].to_numpy(), run.record.n_validation)
    steps = curve["step"].to_numpy()[dips.evaluations]
    measurement = AccuracyDips(
        run.record.config.shuffle,
        curve.height,
        dips.threshold,
        tuple(Dip(int(s), float(d)) for s, d in zip(steps, dips.depths, strict=True)),
        run.record.batches_per_epoch,
    )
    if len(dips) == 0:
        statement = (
            f"The {order} run {run.name} has no dip: none of its {curve.height:,} evaluations "
            f"after the first epoch lies more than {points(dips.threshold)} below the median of "
            "its neighbours."
        )
        return CHECK.clear((run.name,), statement, measurement)

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
        rhythm, words = _regularity(steps, run.record.batches_per_epoch, every)
        measurement = replace(measurement, rhythm=rhythm)
        statement += f" {words}"
    return CHECK.found((run.name,), statement, measurement, severity=Severity.INFO)


def _regularity(
    steps: np.ndarray, batches_per_epoch: int, evaluation_every: int
) -> tuple[Rhythm, str]:
    """Return numbers and words on spacing, and on the batch after which the dips come."""
    gaps = np.diff(steps)
    gap = float(np.median(gaps))
    equal = float(np.mean(gaps == gap))
    batch, hits = Counter((steps % batches_per_epoch).tolist()).most_common(1)[0]
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
    if hits > 1 and gap == meeting > batches_per_epoch:
        where += (
            f" With an evaluation after every {evaluation_every} steps and {batches_per_epoch} "
            f"batches in an epoch, one comes right after a given batch only every {meeting:,} "
            "steps: that sets the gap."
        )
    return Rhythm(gap, equal, int(batch), hits, meeting), f"{spacing} {where}"


CHECK = Check(AccuracyDips, look, "Evaluations far below the running median of the curve.")
