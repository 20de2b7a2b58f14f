"""OL102: sharp dips of the validation accuracy, the batch behind them, and what removes them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from onelayer.data import order_by_law
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.checks.dips_words import advice
from onelayer.diagnosis.checks.dips_words import statement as statement_of
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.batch_effects import effects_of_batches
from onelayer.diagnosis.experiments.dips import TRIED_EPOCHS, explained
from onelayer.diagnosis.experiments.interventions import Trial
from onelayer.diagnosis.experiments.replay import affordable_epochs, replay
from onelayer.diagnosis.finding import Answer, Finding
from onelayer.diagnosis.measures.dips import AccuracyDips
from onelayer.diagnosis.subjects.stepped import ended_runs
from onelayer.diagnosis.words import count, points
from onelayer.study import RunOutcome
from onelayer.training import evaluation_every

LEAST_FALL = 0.02
"""A fall that somebody would want to know about: two hundredths of the validation examples."""

LEAST_RISE = 0.25
"""So is half of it where the validation loss rises by this share: where few are wrong, one batch
can spoil much of the loss and not turn many answers."""

LEVEL = 0.01
"""Of the test whether a place in the epoch is followed by deeper falls than any by chance."""

STANDS_OUT = 5.0
"""So many standard deviations must the validation loss after the batch, or its rise in the step on
it, or in such a step from the same weights for all batches, lie above those of the middle one."""

BY_LOWER = 1 / 2
"""So much a standard deviation by the lower quartile counts of one by the upper."""

LEAST_SPREAD = 1e-3
"""Of the loss: a standard deviation is not taken to be a smaller share of it."""

LATER = 4
"""The loss may be highest so many steps after the batch; under momentum it may be more."""

PERMUTATIONS = 999

DETAILED = 2
"""Of so many runs with dips every curve is kept, and the images of some batches."""

LEAST_EPOCHS, LEAST_BATCHES = 6, 8
MOST_EPOCHS = 60
REPLAY_SECONDS = 3.0
"""A replay may take so long; where it takes longer for `LEAST_EPOCHS`, nothing is said."""


def look(context: Context) -> list[Finding]:
    """Report on each run that was trained by steps."""
    findings: list[Finding] = []
    for run in ended_runs(context):
        so_far = sum(finding.answer is Answer.FOUND for finding in findings)
        findings.append(_finding(context, run, in_detail=so_far < DETAILED))
    return findings


def _finding(context: Context, run: RunOutcome, *, in_detail: bool) -> Finding:
    name, record = run.name, run.record
    config = record.config
    if config.examples_per_class is not None or config.features is not None:
        why = "trained on drawn examples" if config.examples_per_class else "reads some features"
        return CHECK.not_applicable(
            (name,), f"The run {run.called} {why}: it is not made again here."
        )
    if record.n_validation < 1 / LEAST_FALL:
        statement = (
            f"{count(record.n_validation, 'validation example')} of {run.called} cannot show a "
            "fall of "
            f"{points(LEAST_FALL, 0)}."
        )
        return CHECK.cant_tell((name,), statement)
    if config.order == "epoch":
        return _of_new_batches(run)
    epochs = affordable_epochs(context, run, REPLAY_SECONDS, min(config.max_epochs, MOST_EPOCHS))
    epochs = min(epochs, record.steps // record.batches_per_epoch)
    if epochs < LEAST_EPOCHS or record.batches_per_epoch < LEAST_BATCHES:
        statement = (
            f"To look at {run.called} after every step takes too long, or it is too short: "
            f"{LEAST_EPOCHS} epochs of {LEAST_BATCHES} batches are needed, and "
            f"{count(epochs, 'epoch')} of {record.batches_per_epoch} are at hand."
        )
        return CHECK.cant_tell((name,), statement)
    again, same = replay(context, run, epochs)
    falls = _by_batch(run, again.falls())
    profile, p = falls.mean(axis=0), _chance_of(falls)
    rises, levels = (_by_batch(run, each).mean(axis=0) for each in (again.rises(), again.levels()))
    loss = float(np.median(again.val_loss[1:]))
    outlying = np.maximum(_outlying(rises, loss), _outlying(levels, loss))
    may_be = p <= LEVEL and profile.max() >= LEAST_FALL / 2
    if may_be and outlying.max() < STANDS_OUT:
        effects = effects_of_batches(Trial.of(context, run, min(epochs, TRIED_EPOCHS)))
        outlying = np.maximum(outlying, _outlying(effects, loss))
    batch = int(outlying.argmax())
    following = (batch + np.arange(_later(run) + 1)) % len(profile)
    lag = int(levels[following].argmax())
    after = falls.ravel()[batch + lag :: falls.shape[1]]
    rise = float(levels[following].max()) / loss if loss > 0 else 0.0
    every = evaluation_every(record.batches_per_epoch, config.evaluations_per_epoch)
    least = LEAST_FALL / (2 if rise >= LEAST_RISE else 1)
    falls_after = profile[following].max() >= least
    found = bool(falls_after and p <= LEVEL and outlying[batch] >= STANDS_OUT)
    measurement = AccuracyDips(
        config.order, epochs, same, record.batches_per_epoch, every,
        math.lcm(every, record.batches_per_epoch), float(profile.max()), float(outlying[batch]),
        batch if found else None, p, lag=lag if found else 0, rise=rise,
        falls=tuple(profile.tolist()),
        fall_errors=tuple((falls.std(axis=0, ddof=1) / math.sqrt(len(falls))).tolist()),
        accuracies=again.curve(record.n_validation),
    )  # fmt: skip
    if not found:
        statement = (
            f"Made again with a look after each step of the first {epochs} epochs, {run.called} "
            "has no "
            f"batch after which the validation accuracy falls again and again by "
            f"{points(LEAST_FALL, 0)} and more, and which stands out from the others: the largest "
            f"mean fall is {points(float(profile.max()))}, and the validation loss after the most "
            f"outlying batch lies {outlying[batch]:.1f} standard deviations above the middle one."
        )
        return CHECK.clear((name,), statement, measurement)
    found_out = explained(context, run, measurement, after, in_detail=in_detail)
    tried = [f"{each.change}: {points(each.fall)}" for each in found_out.interventions]
    return CHECK.found(
        (name,), statement_of(run, found_out), found_out, advice=advice(found_out), tried=tried
    )


def _of_new_batches(run: RunOutcome) -> Finding:
    """Report on a run in which no batch comes twice."""
    statement = (
        f"{run.called} is shuffled anew in each epoch: no batch comes twice, so none can be "
        "followed "
        "by a dip again and again."
    )
    return CHECK.clear((run.name,), statement)


def _by_batch(run: RunOutcome, falls: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what is given for each epoch but the first by the batch, not by its place."""
    config = run.record.config
    if config.order != "batches":
        return falls
    targets = np.zeros(run.record.n_train, int)
    for row, epoch in zip(falls, range(1, len(falls) + 1), strict=True):
        order = order_by_law("batches", config.seed, epoch, targets, config.batch_size)
        row[order[:: config.batch_size][: len(row)] // config.batch_size] = row.copy()
    return falls


def _outlying(profile: NDArray[np.float64], loss: float) -> NDArray[np.float64]:
    """Return how many standard deviations each place lies above the middle one.

    The standard deviation is that of a normal distribution whose upper quartile lies as far above
    the middle: what follows a dip while the model recovers lies below and does not count. Where
    a stretch of batches lies high, the lower quartile is the one that they do not move; it is
    exceeded more easily, and counts less.
    """
    low, middle, high = np.quantile(profile, [0.25, 0.5, 0.75])
    spread = np.maximum(1.4826 * np.array([high - middle, middle - low]), LEAST_SPREAD * loss)
    return np.asarray((profile - middle) / min(spread[0], spread[1] / BY_LOWER))


def _later(run: RunOutcome) -> int:
    """Return up to how many steps after a batch the loss may be highest because of it."""
    config = run.record.config
    if config.order == "batches":
        return 0
    return max(LATER, round(2 / (1 - config.momentum)) if config.momentum else 0)


def _chance_of(falls: NDArray[np.float64]) -> float:
    """Return how often epochs that know nothing of each other give so large a mean at one place.

    Each epoch is turned by a random number of places: what neighbours have in common stays.
    """
    rng = np.random.default_rng(0)
    epochs, batches = falls.shape
    places = np.arange(batches)
    largest = falls.mean(axis=0).max()
    shifts = rng.integers(batches, size=(PERMUTATIONS, epochs, 1))
    turned = np.take_along_axis(falls[None], (places + shifts) % batches, axis=2)
    above = np.sum(turned.mean(axis=1).max(axis=1) >= largest)
    return float(1 + above) / (1 + PERMUTATIONS)


CHECK = Check(
    AccuracyDips,
    look,
    "The run is made again and evaluated after every step; the fall after each batch is tested "
    "against chance by circular shifts of the epochs, over all batches at once; then short runs "
    "with one thing changed show what removes it.",
    (
        "the first epochs are like the later ones",
        "falls are measured from the median of their own epoch",
    ),
    covers="standard errors are of means over the epochs of a run, on these validation examples",
    looks_beside=True,
)
