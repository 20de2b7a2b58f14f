"""OL102: sharp dips of the validation accuracy, the batch behind them, and what removes them."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from onelayer.data import Dataset, Rows, order_by_law
from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.experiments.influence import harm, parameters_before
from onelayer.diagnosis.experiments.interventions import Intervention, Trial, dense
from onelayer.diagnosis.experiments.replay import affordable_epochs, replay
from onelayer.diagnosis.finding import Finding
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.words import count, points, signed
from onelayer.model import LOSSES, Parameters
from onelayer.study import RunOutcome
from onelayer.words import listed

LEAST_FALL = 0.02
"""A fall that somebody would want to know about: two hundredths of the validation examples."""

LEVEL = 0.01
"""Of the test whether a place in the epoch is followed by deeper falls than any by chance."""

STANDS_OUT = 7.0
"""So many standard deviations must it, or the drop in the step, lie above the middle one."""

LEAST_EPOCHS, LEAST_BATCHES = 6, 8
MOST_EPOCHS = 60
REPLAY_SECONDS = 3.0
"""A replay may take so long; where it takes longer for `LEAST_EPOCHS`, nothing is said."""

TRIED_EPOCHS = 13
"""Length of the runs in which something is changed, the first epoch among them."""

PERMUTATIONS = 999
REMOVED = 0.5
"""A change removes the dips if it takes away more than this share of their depth."""

COUNTS = (1, 2, 5, 10, 20, 40)
"""How many examples of the batch are left out, the most harmful first."""

TIMES = 5
"""At so many epochs the effect of the batch's examples is measured."""

SHOWN = 12
"""Examples that are named."""

Verdict = Literal["order", "composition", "examples"]


@dataclass(frozen=True)
class BatchExample:
    """One example of the batch.

    Attributes
    ----------
    row : int
        Its number among the training examples of the run's classes.
    label : int or str
    loss : float
        Before the steps on the batch, mean over several epochs.
    harm : float
        How much higher the validation loss is after such a step than had the example counted 0.
    pixels : str or None
        Of a grey image: a byte a pixel, 0 for the lowest value of the batch and 255 for the
        highest, in base64.
    """

    row: int
    label: int | str
    loss: float
    harm: float
    pixels: str | None = None


@dataclass(frozen=True)
class Culprit:
    """The batch after whose update the accuracy falls deepest.

    Attributes
    ----------
    fall, standard_error : float
        Mean over the epochs of how far the accuracy lies below the epoch's median, and its error.
    class_counts : tuple of int
        Examples of each class in it.
    other_class_counts : tuple of float
        The mean over the other batches.
    loss, other_loss : float
        Mean loss of its examples right before a step on it, and of the others'.
    gradient_norm, other_gradient_norm : float
        Of the loss on it, and the median over the other batches, at the same weights.
    gradient_cosine : float
        Between its gradient and that of all other examples: below 0 they pull apart.
    examples : tuple of BatchExample
        The most harmful ones.
    carried_by : int or None
        The fewest of its most harmful examples (of 1, 2, 5, 10, 20, 40) without which more than
        half of the depth is gone; None if it takes more.
    """

    fall: float
    standard_error: float
    class_counts: tuple[int, ...]
    other_class_counts: tuple[float, ...]
    loss: float
    other_loss: float
    gradient_norm: float
    other_gradient_norm: float
    gradient_cosine: float
    examples: tuple[BatchExample, ...]
    carried_by: int | None


@dataclass(frozen=True)
class AccuracyDips(Measurement):
    """How the validation accuracy falls within the epochs of a run, and why.

    Attributes
    ----------
    order : str
        The run's law of order.
    epochs : int
        Of the replay; the first is left out of all means.
    same_bits : bool
        Whether the replay came to every number that the run recorded.
    batches_per_epoch : int
    evaluation_every : int
        Steps from one evaluation of the run to the next.
    evaluation_meets_batch_every : int
        Steps from one evaluation right after a given batch to the next such one.
    largest_fall : float
        The largest, over the places in the epoch, of the mean fall below the epoch's median.
    stands_out : float
        How many standard deviations it lies above the middle one of all places, or the drop in the
        step itself above the middle one: the larger of both. Standard deviations are those of the
        places below the middle one.
    batch : int or None
        The batch (counted from 0 in the epoch) after which the accuracy falls deepest.
    p_value : float
        That some place in the epoch has such falls by chance.
    culprit : Culprit or None
        Where dips were found.
    interventions : tuple of Intervention
        Runs of the same length, the run's own order first.
    tried_epochs : int
        Their length.
    lag : int
        How many steps after the batch the fall is deepest: under momentum its effect goes on.
    falls, fall_errors : tuple of float
        Mean over the epochs of the fall after each batch, and its standard error.
    accuracies : tuple of float
        After every step of the replay.
    verdict : str or None
        "order": the dips need the sequence of the batches; "composition": they need what lies
        together in a batch; "examples": they come wherever the examples are.
    """

    code: ClassVar[str] = "OL102"
    check: ClassVar[str] = "dips"
    title: ClassVar[str] = "Sharp dips of the validation accuracy"

    order: str
    epochs: int
    same_bits: bool
    batches_per_epoch: int
    evaluation_every: int
    evaluation_meets_batch_every: int
    largest_fall: float
    stands_out: float
    batch: int | None
    p_value: float
    culprit: Culprit | None = None
    interventions: tuple[Intervention, ...] = ()
    tried_epochs: int = 0
    lag: int = 0
    falls: tuple[float, ...] = ()
    fall_errors: tuple[float, ...] = ()
    accuracies: tuple[float, ...] = ()
    verdict: Verdict | None = None


def look(context: Context) -> list[Finding]:
    """Report on each run that was trained by steps."""
    return [
        _finding(context, run)
        for run in context.outcome.runs
        if run.record.config.solver == "sgd" and run.record.stop_reason.is_planned
    ]


def _finding(context: Context, run: RunOutcome) -> Finding:
    name, record = run.name, run.record
    config = record.config
    if config.examples_per_class is not None or config.features is not None:
        why = "trained on drawn examples" if config.examples_per_class else "reads some features"
        return CHECK.not_applicable((name,), f"The run {name} {why}: it is not made again here.")
    if record.n_validation < 1 / LEAST_FALL:
        statement = (
            f"{count(record.n_validation, 'validation example')} of {name} cannot show a fall of "
            f"{points(LEAST_FALL, 0)}."
        )
        return CHECK.cant_tell((name,), statement)
    if config.order == "epoch":
        return _of_new_batches(run)
    epochs = affordable_epochs(context, run, REPLAY_SECONDS, min(config.max_epochs, MOST_EPOCHS))
    epochs = min(epochs, record.steps // record.batches_per_epoch)
    if epochs < LEAST_EPOCHS or record.batches_per_epoch < LEAST_BATCHES:
        statement = (
            f"To look at {name} after every step takes too long, or it is too short: "
            f"{LEAST_EPOCHS} epochs of {LEAST_BATCHES} batches are needed, and "
            f"{count(epochs, 'epoch')} of {record.batches_per_epoch} are at hand."
        )
        return CHECK.cant_tell((name,), statement)
    again, same = replay(context, run, epochs)
    falls = _by_batch(run, again.falls())
    profile = falls.mean(axis=0)
    batch, p = int(profile.argmax()), _chance_of(falls)
    every = max(1, record.batches_per_epoch // config.evaluations_per_epoch)
    drops = _by_batch(run, again.drops()).mean(axis=0)
    stands_out = max(
        _stands_out(profile, batch, record.n_validation),
        _stands_out(drops, batch, record.n_validation),
    )
    found = profile[batch] >= LEAST_FALL and p <= LEVEL and stands_out >= STANDS_OUT
    measurement = AccuracyDips(
        config.order, epochs, same, record.batches_per_epoch, every,
        math.lcm(every, record.batches_per_epoch), float(profile[batch]), stands_out,
        batch if found else None, p,
        falls=tuple(profile.tolist()),
        fall_errors=tuple((falls.std(axis=0, ddof=1) / math.sqrt(len(falls))).tolist()),
        accuracies=tuple(again.val_accuracy.ravel().round(6).tolist()),
    )  # fmt: skip
    if not found:
        statement = (
            f"Made again with a look after each step of the first {epochs} epochs, {name} has no "
            f"batch after which the validation accuracy falls again and again by "
            f"{points(LEAST_FALL, 0)} and more, and more than after the others: the largest mean "
            f"fall is {points(float(profile[batch]))}, {stands_out:.1f} standard deviations "
            "from the middle one."
        )
        return CHECK.clear((name,), statement, measurement)
    return _explained(context, run, measurement, falls[:, batch])


def _of_new_batches(run: RunOutcome) -> Finding:
    """Report on a run in which no batch comes twice."""
    statement = (
        f"{run.name} is shuffled anew in each epoch: no batch comes twice, so none can be followed "
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


def _stands_out(profile: NDArray[np.float64], batch: int, n_validation: int) -> float:
    """Return how many standard deviations one place lies above the middle one.

    The standard deviation is that of a normal distribution whose lower quartile lies as far below
    the middle: dips, and what follows them while the model recovers, are all above it.
    """
    low, middle = np.quantile(profile, [0.25, 0.5])
    spread = 1.4826 * (middle - low)
    return float((profile[batch] - middle) / max(spread, 1 / n_validation))


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


def _mean(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(len(values)))


def _explained(
    context: Context, run: RunOutcome, dips: AccuracyDips, falls: NDArray[np.float64]
) -> Finding:
    """Find out what is behind the dips after one batch, by experiment."""
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
    measured = replace(
        dips, culprit=culprit, interventions=(own, batches, once, anew, whole, *told),
        verdict=verdict, tried_epochs=trial.config.max_epochs,
    )  # fmt: skip
    tried = [f"{each.change}: {points(each.fall)}" for each in measured.interventions]
    return CHECK.found(
        (run.name,), _statement(run, measured), measured, advice=_advice(measured), tried=tried
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
    values = dense(train, train.X[rows])
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
    train, size, loss = trial.train, trial.config.batch_size, LOSSES[trial.config.model]
    losses, gradients, counts = [], [], []
    for number in range(train.n_examples // size):
        rows = trial.batch(number)
        X, targets = trial.values(rows), train.targets[rows]
        scores = before.scores(X)
        residuals = loss.residuals(scores, targets)
        losses.append(float(loss.values(scores, targets).mean()))
        gradients.append(np.vstack([X.T @ residuals, residuals.sum(axis=0)]).ravel() / size)
        counts.append(np.bincount(targets, minlength=train.n_classes))
    others = np.arange(len(losses)) != batch
    norms, rest = (
        np.linalg.norm(gradients, axis=1),
        np.mean(gradients, axis=0, where=others[:, None]),
    )
    scale = norms[batch] * np.linalg.norm(rest)
    fall, error = _mean(falls)
    return Culprit(
        fall, error,
        tuple(counts[batch].tolist()),
        tuple(np.mean(counts, axis=0, where=others[:, None]).tolist()),
        losses[batch], float(np.mean(losses, where=others)),
        float(norms[batch]), float(np.median(norms[others])),
        float(gradients[batch] @ rest / scale) if scale > 0 else 0.0,
        examples, carried,
    )  # fmt: skip


def _statement(run: RunOutcome, dips: AccuracyDips) -> str:
    culprit = dips.culprit
    assert culprit is not None
    made = {each.change: each for each in dips.interventions}
    own, batches, once, anew, without = list(made.values())[:5]
    later = f" (deepest {count(dips.lag, 'step')} later)" if dips.lag else ""
    statement = (
        f"In {run.name} the validation accuracy falls by {points(culprit.fall)} (mean of "
        f"{dips.epochs - 1} epochs, standard error {100 * culprit.standard_error:.2f}) after the "
        f"step on batch {dips.batch} of the epoch, counted from 0{later}, and comes back. Runs of "
        f"{dips.tried_epochs} epochs with one thing changed show why: there the fall is "
        f"{signed(own.fall)} as it was, and {signed(without.fall)} without that batch. "
    )
    if dips.verdict == "order":
        statement += (
            "It is the order: after the same batch in another sequence the fall is "
            f"{signed(batches.fall)}."
        )
    elif dips.verdict == "composition":
        statement += (
            f"It is the composition of the batch: its dip follows it to any place in the sequence "
            f"({signed(batches.fall)}), and is gone once its examples are spread over all batches "
            f"({signed(once.fall)} when shuffled once, {signed(anew.fall)} in each epoch)."
        )
    else:
        statement += (
            f"It is single examples: the dip follows them in any order ({signed(once.fall)} when "
            f"shuffled once, {signed(anew.fall)} in each epoch)."
        )
    if culprit.carried_by is not None and dips.verdict != "order":
        few = dips.interventions[-1]
        which = count(culprit.carried_by, "example")
        statement += (
            f" {which[0].upper()}{which[1:]} of the {sum(culprit.class_counts)} in the batch "
            f"{'carries' if culprit.carried_by == 1 else 'carry'} most of it: without "
            f"{'it' if culprit.carried_by == 1 else 'them'} the fall is {signed(few.fall)}."
        )
    met = dips.evaluation_meets_batch_every
    if dips.evaluation_every > 1:
        statement += (
            f" With an evaluation every {dips.evaluation_every} steps and "
            f"{dips.batches_per_epoch} batches in an epoch, the run looks right after this batch "
            f"only every {met:,} steps: that is how often its curve shows a dip."
        )
    return statement


def _advice(dips: AccuracyDips) -> str:
    culprit = dips.culprit
    assert culprit is not None
    if dips.verdict == "order":
        return "Shuffle the examples, or the sequence of the batches."
    rows = listed([example.row for example in culprit.examples[: culprit.carried_by or 5]], 10)
    if dips.verdict == "composition":
        return f"Shuffle the examples. Look at the training examples {rows}, that lie together."
    return (
        f"Look at the training examples {rows}: their values or labels are out of the ordinary. "
        "Shuffling does not help; a smaller learning rate or leaving them out does."
    )


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
)
