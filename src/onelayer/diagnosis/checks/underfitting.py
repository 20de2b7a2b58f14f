"""OL006: a penalty so strong that the model cannot even fit what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from onelayer.diagnosis.check import Check
from onelayer.diagnosis.context import Context
from onelayer.diagnosis.exhibits import MOST_ROWS, Exhibit, Span, Spans
from onelayer.diagnosis.experiments.optima import AtMinimum, at_minima
from onelayer.diagnosis.finding import Finding, Severity
from onelayer.diagnosis.measurement import Measurement
from onelayer.diagnosis.statistics import PairedAccuracies
from onelayer.diagnosis.words import percent, points, signed, span
from onelayer.study import RunOutcome
from onelayer.words import listed

WEAKER = (10.0, 100.0)
"""The penalty is divided by these, and the minimum sought anew."""

MATTERS = 0.02
"""So much accuracy, on either part, is worth another λ."""


@dataclass(frozen=True)
class WeakerPenalty:
    """The minimum with a weaker penalty against that with the run's own.

    Attributes
    ----------
    l2 : float
        The weaker one.
    reason : str
        How the search for its minimum ended, see `onelayer.optimum.Optimum`.
    train_accuracy, val_accuracy : float
    train_gain, val_gain : float
        What it has more than the run's λ at its minimum.
    train_interval, val_interval : (float, float)
        Of 95%, for the gain over all examples like these; paired by example. It is on one side
        alone that they can err, so that those of both weaker penalties do in at most 5% of cases.
    """

    l2: float
    reason: str
    train_accuracy: float
    val_accuracy: float
    train_gain: float
    train_interval: tuple[float, float]
    val_gain: float
    val_interval: tuple[float, float]

    @property
    def is_better(self) -> bool:
        """Whether it is better on both parts, by more than chance and by a size that matters."""
        lowest_gain = min(self.train_gain, self.val_gain)
        return lowest_gain >= MATTERS and min(self.train_interval[0], self.val_interval[0]) > 0


@dataclass(frozen=True)
class PenaltyFit:
    """What one λ of some runs does to both parts of the data, at the minimum.

    Attributes
    ----------
    runs : tuple of str
    l2 : float
    train_accuracy, val_accuracy : float
        At the minimum of the objective with it.
    weaker : tuple of WeakerPenalty
    """

    runs: tuple[str, ...]
    l2: float
    train_accuracy: float
    val_accuracy: float
    weaker: tuple[WeakerPenalty, ...]

    @property
    def better(self) -> WeakerPenalty | None:
        """The weaker penalty that is better by most, if one is."""
        better = [w for w in self.weaker if w.is_better]
        return max(better, key=lambda w: w.val_gain, default=None)


@dataclass(frozen=True)
class Underfitting(Measurement):
    """What weaker penalties would do.

    Attributes
    ----------
    penalties : tuple of PenaltyFit
        In falling order of λ.
    """

    code: ClassVar[str] = "OL006"
    check: ClassVar[str] = "underfitting"
    title: ClassVar[str] = "Underfitting from L2"

    penalties: tuple[PenaltyFit, ...]

    def exhibits(self) -> tuple[Exhibit, ...]:
        """Return what each weaker penalty gains on both parts."""
        rows = tuple(
            Span.of(f"λ from {fit.l2:g} to {weaker.l2:g}, {part}", gain, interval)
            for fit in self.penalties for weaker in fit.weaker
            for part, gain, interval in (
                ("training", weaker.train_gain, weaker.train_interval),
                ("validation", weaker.val_gain, weaker.val_interval),
            )
        )[:MOST_ROWS]  # fmt: skip
        caption = (
            "What the minimum with a weaker penalty has right more, on the same examples; "
            f"intervals of 95%. {100 * MATTERS:g} points on both parts is underfitting."
        )
        axis = "gain in accuracy (percentage points)"
        return (Spans("What weaker penalties gain", caption, axis, rows, 0.0),)


def look(context: Context) -> list[Finding]:
    """Compare every λ above 0 with weaker ones, on the same data and model at once."""
    groups: dict[object, dict[float, list[RunOutcome]]] = {}
    for run in context.outcome.runs:
        config = run.record.config
        if config.l2 > 0:
            key = run.run.selection, config.model, config.penalize_bias
            groups.setdefault(key, {}).setdefault(config.l2, []).append(run)
    return [finding for by_l2 in groups.values() for finding in _findings(context, by_l2)]


def _findings(context: Context, by_l2: dict[float, list[RunOutcome]]) -> list[Finding]:
    by_l2 = {
        l2: plain
        for l2, runs in sorted(by_l2.items(), reverse=True)
        if (plain := [r for r in runs if _reads_all(r)])
    }
    if not by_l2:
        return []
    asked = {*by_l2, *(_weaker(l2, by) for l2 in by_l2 for by in WEAKER)}
    there = at_minima(context, next(iter(by_l2.values()))[0], sorted(asked, reverse=True))
    fits = [
        _fit(tuple(run.name for run in runs), l2, there)
        for l2, runs in by_l2.items()
        if l2 in there and there[l2].is_certified
    ]
    under = [fit for fit in fits if fit.better is not None]
    fine = [fit for fit in fits if fit.better is None]
    called = {run.name: run.called for runs in by_l2.values() for run in runs}
    return [*([_found(under, fine, called)] if under else []), *([_clear(fine)] if fine else [])]


def _reads_all(run: RunOutcome) -> bool:
    return run.record.config.features is None and run.record.config.examples_per_class is None


def _weaker(l2: float, by: float) -> float:
    """Return λ divided, without the last digits: those of a study are often tenths of another."""
    return float(f"{l2 / by:.12g}")


def _fit(runs: tuple[str, ...], l2: float, there: dict[float, AtMinimum]) -> PenaltyFit:
    own = there[l2]
    weaker = tuple(_against(there[_weaker(l2, by)], own) for by in WEAKER)
    return PenaltyFit(runs, l2, own.train_accuracy, own.val_accuracy, weaker)


def _against(weaker: AtMinimum, own: AtMinimum) -> WeakerPenalty:
    train = PairedAccuracies.of(weaker.train_right, own.train_right)
    validation = PairedAccuracies.of(weaker.val_right, own.val_right)
    return WeakerPenalty(
        weaker.found.objective.l2, weaker.found.reason,
        weaker.train_accuracy, weaker.val_accuracy,
        train.difference, train.interval(),
        validation.difference, validation.interval(),
    )  # fmt: skip


def _found(under: list[PenaltyFit], fine: list[PenaltyFit], called: Mapping[str, str]) -> Finding:
    names = [name for fit in under for name in fit.runs]
    # Who has tried a weaker penalty that is strong enough knows what the stronger ones do.
    is_known = bool(fine) and min(fit.l2 for fit in fine) < min(fit.l2 for fit in under)
    best = min((fit.better for fit in under if fit.better), key=lambda w: -w.val_accuracy)
    advice = (
        f"Keep the weaker penalty that the study has: λ = {max(f.l2 for f in fine):g}."
        if is_known
        else f"Take a weaker penalty, such as λ = {best.l2:g}."
    )
    return CHECK.found(
        names, " ".join(_in_words(fit, called) for fit in under), Underfitting(tuple(under)),
        severity=Severity.INFO if is_known else Severity.WARNING, advice=advice,
        tried=[f"the minima with λ divided by {listed([f'{by:g}' for by in WEAKER])}"],
    )  # fmt: skip


def _in_words(fit: PenaltyFit, called: Mapping[str, str]) -> str:
    weaker = fit.better
    assert weaker is not None
    searched = ""
    if weaker.reason != "certified":
        searched = (
            f" (its search ended before, and so this is the least that λ = {weaker.l2:g} does)"
        )
    runs = listed([called[run] for run in fit.runs])
    return (
        f"With the λ = {fit.l2:g} of {runs} the very minimum of the objective has "
        f"{percent(fit.train_accuracy)} of the training and {percent(fit.val_accuracy)} of the "
        f"validation examples right; with λ = {weaker.l2:g} it is "
        f"{percent(weaker.train_accuracy)} and {percent(weaker.val_accuracy)}{searched}: "
        f"{signed(weaker.train_gain)} and {points(weaker.val_gain)} more (95% interval of "
        f"the latter, over examples like these, {span(weaker.val_interval)}). The penalty "
        "keeps the model from fitting, and no longer training would help."
    )


def _clear(fine: list[PenaltyFit]) -> Finding:
    names = [name for fit in fine for name in fit.runs]
    penalties = listed([f"λ = {fit.l2:g}" for fit in fine])
    most = max((w for fit in fine for w in fit.weaker), key=lambda w: min(w.train_gain, w.val_gain))
    return CHECK.clear(
        names,
        f"Penalties of a tenth and a hundredth of {penalties} have no minimum that is better on "
        f"both training and validation examples by more than chance and by {points(MATTERS, 0)}. "
        f"The most is {points(most.train_gain)} on the training and {points(most.val_gain)} on the "
        f"validation examples, with λ = {most.l2:g}.",
        Underfitting(tuple(fine)),
        tried=[f"the minima with λ divided by {listed([f'{by:g}' for by in WEAKER])}"],
    )  # fmt: skip


CHECK = Check(
    Underfitting,
    look,
    "The minimum of the objective with the run's λ and with weaker ones, compared on the same "
    "examples.",
    ("the validation examples are a random sample of what the model will meet",),
    covers="95%, for gains in accuracy over all examples of which these are a random sample; "
    "one-sided for both weaker penalties together",
)
