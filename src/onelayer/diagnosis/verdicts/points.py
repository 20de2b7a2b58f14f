"""Runs as points of a plot: what they differ in, and a number of each with its replicates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any, Final

import numpy as np

from onelayer.diagnosis.statistics.quantiles import t_two_sided
from onelayer.study import ORDERS, SCALINGS, RunOutcome, Selection, shares_in_words
from onelayer.study.replicates import CHANCE
from onelayer.training import StopReason, TrainConfig

Value = float | str
Measure = Callable[[RunOutcome], float | None]

WORDS = {
    "learning_rate": "learning rate",
    "batch_size": "batch size",
    "examples": "training examples",
    "label_noise": "share of wrong training labels",
    "l2": "penalty λ",
    "momentum": "momentum",
    "initial_std": "standard deviation of the starting weights",
    "scaling": "scaling of the features",
    "order": "order of the examples",
    "early_stopping": "early stopping",
    "balance": "balanced",
    "class_shares": "what is left of the classes",
}
"""Options as people have them; others have their own names, blanks for underscores."""

SPELLED: Final[Mapping[str, Mapping[str, str]]] = {"order": ORDERS, "scaling": SCALINGS}
"""Values that are words, as people have them."""

_EITHER: Final[Mapping[str, tuple[str, str]]] = {"nesterov": ("plain", "Nesterov’s form")}
"""What an option is where it is not set, and where it is."""

_FOLLOWS = ("shuffle", "optimum", "tolerance", "max_epochs", "max_steps", "solver", "window",
            "evaluations_per_epoch")  # fmt: skip
"""Options that say how long and how a question is asked, not which."""


LEAST = 3
"""Fewer replicates say nothing of how far others would be."""


@dataclass(frozen=True)
class Mean:
    """A mean over replicates.

    Attributes
    ----------
    value : float
    interval : (float, float) or None
        Student's, of 95%, for the mean over all such seeds or draws; None of fewer than three.
    n : int
    """

    value: float
    interval: tuple[float, float] | None
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Mean:
        """Return the mean of some values, at least one."""
        value, n = fmean(values), len(values)
        if n < LEAST:
            return cls(value, None, n)
        reach = t_two_sided(n - 1) * stdev(values) / math.sqrt(n)
        return cls(value, (value - reach, value + reach), n)

    @property
    def negative(self) -> Mean:
        """The mean of the same values with the other sign."""
        turned = None if self.interval is None else (-self.interval[1], -self.interval[0])
        return Mean(-self.value, turned, self.n)


@dataclass(frozen=True, eq=False)
class Point:
    """The runs that have one value of an option."""

    x: Value
    runs: tuple[RunOutcome, ...]

    def values(self, measure: Measure) -> dict[tuple[Any, ...], float]:
        """Return a number of each run that has it, by the run's seed and draw."""
        found = {chance_of(run): measure(run) for run in self.runs}
        return {key: v for key, v in found.items() if v is not None and math.isfinite(v)}

    def mean(self, measure: Measure) -> Mean | None:
        """Return the mean of a number over the runs that have it."""
        values = list(self.values(measure).values())
        return Mean.of(values) if values else None


@dataclass(frozen=True, eq=False)
class Series:
    """Points along one option, of runs that are else alike."""

    label: str
    points: tuple[Point, ...]


def options_of(run: RunOutcome) -> dict[str, Any]:
    """Return what a study file said of a run, as plain values."""
    config: TrainConfig = run.record.config
    selection: Selection = run.run.selection
    return {**config.model_dump(mode="json"), **selection.model_dump(mode="json")}


def chance_of(run: RunOutcome) -> tuple[Any, ...]:
    """Return seed and draws of a run: what pairs it with runs of another setting."""
    config = run.record.config
    return config.seed, config.draw, run.run.selection.draw


def differing(runs: Sequence[RunOutcome]) -> list[str]:
    """Return the options in which runs differ, without those of chance."""
    tables = [options_of(run) for run in runs]
    return [
        name for name in tables[0]
        if name not in (*CHANCE, *_FOLLOWS) and len({repr(table[name]) for table in tables}) > 1
    ]  # fmt: skip


def series_of(runs: Sequence[RunOutcome], x: str | None = None) -> tuple[str | None, list[Series]]:
    """Return the runs as series of points along an option.

    Parameters
    ----------
    runs : sequence of RunOutcome
    x : str, optional
        The option; by default the first that is a number in which they differ.

    Returns
    -------
    x : str or None
        None where they differ in nothing.
    series : list of Series
        One for each setting of the other options; points in rising order.
    """
    differ = differing(runs)
    if x is None:
        x = next((name for name in differ if _is_number(runs, name)), next(iter(differ), None))
    if x is None:
        return None, []
    others = [name for name in differ if name != x]
    groups: dict[str, dict[Value, list[RunOutcome]]] = {}
    for run in runs:
        table = options_of(run)
        label = ", ".join(_said(name, table[name]) for name in others)
        value = table[x]
        place = value if isinstance(value, int | float) else _spelled(value)
        if isinstance(value, bool):
            place = _spelled(value)
        groups.setdefault(label, {}).setdefault(place, []).append(run)
    return x, [
        Series(label, tuple(Point(at, tuple(points[at])) for at in _sorted(points)))
        for label, points in groups.items()
    ]


def word(option: str) -> str:
    """Return an option as people have it."""
    return WORDS.get(option, option.replace("_", " "))


def chance_in_words(runs: Sequence[RunOutcome]) -> str:
    """Say over what replicates are: '5 seeds' or '5 draws'; empty where there are none."""
    keys = {chance_of(run) for run in runs}
    seeds, *draws = ({key[i] for key in keys} for i in range(3))
    drawn = max(map(len, draws))
    if drawn > 1:
        return f"{drawn} draws" if len(seeds) == 1 else f"{len(keys)} seeds and draws"
    return f"{len(seeds)} seeds" if len(seeds) > 1 else ""


def shown(option: str, value: Value) -> str:
    """Return a value of an option as people have it."""
    if isinstance(value, str):
        return SPELLED.get(option, {}).get(value, value)
    return f"{value:,.10g}"


def paired(first: Point, second: Point, measure: Measure) -> Mean | None:
    """Return the mean of first less second over the seeds and draws that both have."""
    own, other = first.values(measure), second.values(measure)
    differences = [own[key] - other[key] for key in own if key in other]
    return Mean.of(differences) if differences else None


def slope(points: Sequence[Point], measure: Measure) -> Mean | None:
    """Return the slope of a number on two logarithmic axes, by least squares for each replicate.

    The interval is over the replicates; None where no replicate has three points above 0.
    """
    values = [(float(point.x), point.values(measure)) for point in points
              if not isinstance(point.x, str) and point.x > 0]  # fmt: skip
    slopes = []
    for key in dict.fromkeys(key for _, own in values for key in own):
        pairs = [(x, own[key]) for x, own in values if key in own and own[key] > 0]
        if len(pairs) >= 3:
            x, y = np.log(np.array(pairs)).T
            slopes.append(float(np.polyfit(x, y, 1)[0]))
    return Mean.of(slopes) if slopes else None


def settled(run: RunOutcome) -> bool:
    """Whether a run's weights mean something: it did not diverge."""
    return run.record.stop_reason is not StopReason.DIVERGED


def _is_number(runs: Sequence[RunOutcome], name: str) -> bool:
    values = [options_of(run)[name] for run in runs]
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _sorted(points: dict[Value, list[RunOutcome]]) -> list[Value]:
    numbers = sorted(x for x in points if not isinstance(x, str))
    return [*numbers, *(x for x in points if isinstance(x, str))]


def _said(name: str, value: Any) -> str:
    if name == "l2":
        return f"λ = {value:g}"
    if isinstance(value, bool):
        no, yes = _EITHER.get(name, (f"not {word(name)}", word(name)))
        return yes if value else no
    if name == "early_stopping":
        return "early stopping" if value else "no early stopping"
    if name in SPELLED:
        return shown(name, value)
    return f"{word(name)} {_spelled(value)}"


def _spelled(value: Any) -> str:
    if value is None:
        return "all"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return shares_in_words(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
