"""OL107: whether shuffling in each epoch speeds convergence, by the same run in both orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import Exhibit, Span, Spans
from onelayer.diagnosis.experiments.early_stops import stop_on
from onelayer.diagnosis.finding import Answer, Finding, Severity
from onelayer.diagnosis.measurement import Measurement, Number
from onelayer.diagnosis.statistics.quantiles import t_two_sided
from onelayer.diagnosis.subjects.stepped import ended_runs
from onelayer.diagnosis.words import count, decimals, number
from onelayer.study import RunOutcome
from onelayer.training import TrainResult
from onelayer.words import listed

SEEDS = 6
SHARES = (0.1, 0.25, 0.5, 1.0)
"""Of the run's steps, at which the losses are compared."""

WINDOW = 0.05
"""A loss is the mean over the evaluations of so many of the run's steps up to there, or of an epoch
if that is more: within one, the loss in an order of its own goes up and down with what comes
when."""

MATTERS = 0.02
"""A share of the validation loss below which a difference is none that anybody would notice."""

PATIENCE = 10
"""For runs that have none of their own."""


@dataclass(frozen=True)
class AtStep:
    """Both orders after equally many steps.

    Attributes
    ----------
    step : int
    own_loss : float
        Validation loss in the run's own order, mean over the evaluations of an epoch, or of a
        twentieth of the steps if that is more, up to the step.
    shuffled_loss : float
        Likewise, shuffled in each epoch; mean over the seeds.
    interval : (float, float)
        Of 95%: of the shuffled loss less the own one. It covers the mean over all seeds, on these
        validation examples.
    """

    step: int
    own_loss: Number
    shuffled_loss: Number
    interval: tuple[Number, Number]


@dataclass(frozen=True)
class Stop:
    """Where early stopping would end a run.

    Attributes
    ----------
    steps : float
        Mean over the seeds.
    best_val_loss : float
        Of the weights that would be kept, mean over the seeds.
    """

    steps: float
    best_val_loss: Number


@dataclass(frozen=True)
class ShufflingSpeed(Measurement):
    """A run in its own order against the same run shuffled in each epoch, at equal steps.

    Attributes
    ----------
    order : str
        The run's own.
    seeds : int
    at_steps : tuple of AtStep
        In rising order; the last is the end of the run.
    patience : int
        For the next two.
    own_stop, shuffled_stop : Stop
    """

    code: ClassVar[str] = "OL107"
    check: ClassVar[str] = "shuffling-speed"
    title: ClassVar[str] = "Shuffling that speeds convergence"

    order: str
    seeds: int
    at_steps: tuple[AtStep, ...]
    patience: int
    own_stop: Stop
    shuffled_stop: Stop

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return the difference at equal steps."""
        rows = tuple(
            Span(f"step {at.step:,}", at.shuffled_loss - at.own_loss, *at.interval)
            for at in self.at_steps
        )
        caption = (
            f"Left of 0 the shuffled run is ahead; mean of {count(self.seeds, 'seed')}, with "
            "intervals of 95%."
        )
        axis = "validation loss, shuffled less the run's own order"
        return (Spans("Shuffled against its own order at equal steps", caption, axis, rows, 0.0),)


def look(context: Context) -> list[Finding]:
    """Report on each run that is not shuffled in each epoch."""
    return [
        _finding(context, run) for run in ended_runs(context) if run.record.config.order != "epoch"
    ]


def _finding(context: Context, run: RunOutcome) -> Finding:
    config = run.record.config.model_copy(
        update={"early_stopping": None, "max_steps": run.record.steps, "optimum": False}
    )
    (own,) = context.train(context.parts(run), [config])
    anew = [
        context.train(
            context.parts(run),
            [
                config.model_copy(
                    update={"order": "epoch", "shuffle": True, "seed": config.seed + i}
                )
            ],
        )[0]
        for i in range(SEEDS)
    ]
    rule = run.record.config.early_stopping
    patience = PATIENCE if rule is None else rule.patience
    at_steps = tuple(_at(share, own, anew) for share in SHARES)
    measurement = ShufflingSpeed(
        config.order, SEEDS, at_steps, patience, _stop([own], patience), _stop(anew, patience)
    )
    early, end = at_steps[0], at_steps[-1]
    statement = (
        f"The run {run.called} shuffled in each epoch, with {SEEDS} seeds, against its own order "
        f"({config.order}), at equal steps: after {early.step:,} steps the validation loss is "
        f"{number(early.shuffled_loss)} against {number(early.own_loss)}, after {end.step:,} "
        f"{number(end.shuffled_loss)} against {number(end.own_loss)} (difference "
        f"{decimals(end.interval[0], 4)} to {decimals(end.interval[1], 4)}; 95% interval over "
        "seeds). "
    )
    verdicts = [_verdict(at) for at in at_steps]
    answer = _answer(verdicts)
    statement += _so(at_steps, verdicts)
    own_stop, stop = measurement.own_stop, measurement.shuffled_stop
    statement += (
        f" With a patience of {patience}, early stopping would end the run after "
        f"{own_stop.steps:,.0f} steps with a loss of {number(own_stop.best_val_loss)} in its own "
        f"order, and after {stop.steps:,.0f} with {number(stop.best_val_loss)} when shuffled (mean "
        "of the seeds)."
    )
    tried = (f"the run shuffled in each epoch, with {SEEDS} seeds",)
    runs = (run.name,)
    if answer is Answer.FOUND:
        return CHECK.found(
            runs, statement, measurement, severity=Severity.INFO, advice="Shuffle.", tried=tried
        )
    if answer is Answer.CLEAR:
        return CHECK.clear(runs, statement, measurement, tried=tried)
    return CHECK.cant_tell(runs, statement, measurement, tried=tried)


def _so(at_steps: Sequence[AtStep], verdicts: list[str]) -> str:
    """Return what follows, and after which steps."""
    answer = _answer(verdicts)
    if answer is Answer.FOUND:
        first = at_steps[verdicts.index("faster")]
        return f"So shuffling is ahead, from {first.step:,} steps on at the latest."
    if "slower" in verdicts and answer is Answer.CLEAR:
        behind = [
            f"{at.step:,}" for at, of in zip(at_steps, verdicts, strict=True) if of == "slower"
        ]
        return (
            f"So shuffling is behind after {listed(behind)} steps, and measurably ahead at none of "
            "the four times: it does not speed convergence here."
        )
    if answer is Answer.CLEAR:
        return f"So neither order is ahead by {100 * MATTERS:.0f}% at any of four times."
    return "So neither order is ahead at all times, or the seeds differ too much to say."


def _answer(verdicts: list[str]) -> Answer:
    faster, slower = "faster" in verdicts, "slower" in verdicts
    if faster and not slower:
        return Answer.FOUND
    if (slower and not faster) or set(verdicts) == {"alike"}:
        return Answer.CLEAR
    return Answer.CANT_TELL


def _at(share: float, own: TrainResult, anew: list[TrainResult]) -> AtStep:
    """Return both orders after a share of the steps."""
    step = max(round(share * own.history.steps), 1)
    window = max(WINDOW * own.history.steps, own.history.batches_per_epoch)
    mine = _loss_up_to(own, step, window)
    theirs = np.array([_loss_up_to(result, step, window) for result in anew])
    reach = t_two_sided(len(theirs) - 1) * float(theirs.std(ddof=1)) / np.sqrt(len(theirs))
    difference = float(theirs.mean()) - mine
    return AtStep(
        step, mine, float(theirs.mean()), (difference - float(reach), difference + float(reach))
    )


def _loss_up_to(result: TrainResult, step: int, window: float) -> float:
    """Return the mean validation loss over the evaluations of a window that ends at a step."""
    losses = [e.val_loss for e in result.history.evaluations if step - window < e.step + 1 <= step]
    before = [e.val_loss for e in result.history.evaluations if e.step + 1 <= step]
    return float(np.mean(losses or before[-1:]))


def _verdict(at: AtStep) -> str:
    """Return "faster", "slower", "alike", or "unclear" where the seeds differ too much."""
    least, (low, high) = MATTERS * at.own_loss, at.interval
    if high < 0:
        return "faster" if -(low + high) / 2 >= least else "alike"
    if low > 0:
        return "slower" if (low + high) / 2 >= least else "alike"
    return "alike" if -least <= low and high <= least else "unclear"


def _stop(results: list[TrainResult], patience: int) -> Stop:
    """Return where early stopping would end these runs."""
    found: NDArray[np.float64] = np.array([stop_on(result.history, patience) for result in results])
    steps, losses = found.mean(axis=0)
    return Stop(float(steps), float(losses))


CHECK = Check(
    ShufflingSpeed,
    look,
    "The same run in both orders, compared after equally many steps; the interval is over seeds.",
    ("one order of the file stands for itself: it has no seeds to be averaged over",),
    covers="95%, for the mean difference over all seeds, on these validation examples",
    takes_blocks=False,
    looks_beside=True,
)
