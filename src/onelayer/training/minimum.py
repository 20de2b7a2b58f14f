"""How far a run ended from the minimum of its objective."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np

from onelayer.engines import EngineName
from onelayer.json_values import json_value
from onelayer.model import Parameters
from onelayer.optimum import Optimum, minimise
from onelayer.training.config import TrainConfig
from onelayer.training.data import RunData
from onelayer.training.final import Final, evaluate_kept
from onelayer.words import fixed

MOST_PASSES = {"optimum": 1000, "sgd": 300}
"""Over the examples, by what trains the model: without a penalty a search may go on for very long,
and beside a run of steps a bound on the minimum from above is worth less than its time."""


@dataclass(frozen=True)
class Minimum:
    """The minimum of a run's objective J, and the run beside it; JSON has null for infinity.

    Attributes
    ----------
    value : float
        The least J that was found.
    bound : float or None
        The minimum is not below `value` by more than this; None where no bound is known.
    reason : str
        How the search ended, see `onelayer.optimum.Optimum`.
    passes : int
        Over the examples.
    final : Final
        The numbers of the parameters that were found, as a run's own `final` has them.
    excess : float or None
        J of the weights that the run keeps, minus `value`; None where it is not finite. A run may
        be ahead of a search that was not certified, by a number below 0.
    distance : float or None
        The Euclidean norm of the difference of all parameters, but for what the outputs of a
        softmax model have in common; None where no bound is known, so that the search may be
        anywhere.
    """

    value: float
    bound: float | None
    reason: str
    passes: int
    final: Final
    excess: float | None
    distance: float | None

    @classmethod
    def of(
        cls, config: TrainConfig, kept: Parameters, final: Final, data: RunData, found: Optimum
    ) -> Self:
        """Return a run beside the minimum that was found for it."""
        there = found.parameters
        excess = None
        if final.train_loss is not None:
            excess = final.train_loss + config.objective.penalty(kept) - found.value
        apart = [kept.weights - there.weights, kept.bias - there.bias]
        if config.model == "softmax":  # what all outputs have in common changes no probability
            apart = [part - part.mean(axis=-1, keepdims=True) for part in apart]
        distance = float(np.sqrt(sum(np.square(part).sum() for part in apart)))
        values = found.value, found.excess_bound, excess
        value, bound, excess = json_value(list(values))
        return cls(
            value=value,
            bound=bound,
            reason=found.reason,
            passes=found.passes,
            final=evaluate_kept(config, there, data),
            excess=excess,
            distance=None if bound is None else distance,
        )

    def as_json(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values: dict[str, Any] = json_value(asdict(self))
        return values

    @property
    def message(self) -> str:
        """One sentence on how far from the minimum the run ended."""
        if self.reason == "no_minimum":
            return "the classes can be separated: without a penalty the loss has no minimum"
        if self.excess is None:
            return f"the least J that was found is {fixed(self.value)}"
        told = f"J is {self.excess:.2g} above the least that was found, {fixed(self.value)}"
        if self.bound is None:
            return f"{told}, of which it is not known how near to the minimum it is"
        return f"{told}, which is at most {self.bound:.1g} above the minimum"

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return what `as_json` made of it; a `TypeError` if these are no such values."""
        return cls(**{**values, "final": Final(**values["final"])})


def ended_search(found: Optimum) -> str:
    """Say how a search ended whose parameters a run keeps."""
    after = f"after {found.passes} passes over the examples"
    if found.reason == "certified":
        return f"found the minimum {after}, to within {found.excess_bound:.1g} of J"
    if found.reason == "no_minimum":
        return (
            "found no minimum: the classes can be separated, and without a penalty the loss falls "
            f"for ever; the weights are those {after}"
        )
    if found.reason == "interrupted":
        return f"interrupted {after}"
    bound = (
        f"J may be {found.excess_bound:.1g} above it" if found.excess_bound < found.value
        else "how near it is, is not known"  # no J is below 0
    )  # fmt: skip
    return f"ended its search for the minimum {after}: {bound}"


def find_minima(
    configs: Sequence[TrainConfig],
    data: Sequence[RunData],
    *,
    threads: int | None,
    engine: EngineName,
    watch: Callable[[int, int, float], None] | None,
    stop: threading.Event,
) -> dict[int, Optimum]:
    """Find the minima of the runs that ask for one, all alike on the same values together.

    Parameters
    ----------
    configs : sequence of TrainConfig
    data : sequence of RunData
        For each run; they differ in the rows and weights of examples alone.
    watch : function or None
        Called for each run and pass, with the run's number, the pass's, and the bound as a share of
        J.
    stop : threading.Event
        Ends the search.

    Returns
    -------
    dict of int to Optimum
        By number of the run.
    """
    kinds: dict[Any, list[int]] = defaultdict(list)
    for i, config in enumerate(configs):
        if config.seeks_minimum:
            own = data[i].features(config), id(data[i].rows)
            kinds[config.solver, config.model, config.tolerance, *own, id(data[i].train.X)].append(
                i
            )
    minima: dict[int, Optimum] = {}
    for (solver, _, tolerance, features, *_), numbers in kinds.items():
        one = data[numbers[0]]

        def tell(passes: int, bounds: Sequence[float], numbers: list[int] = numbers) -> None:
            if watch is not None:  # so many calls take a while where data are small
                for i, bound in zip(numbers, bounds, strict=True):
                    watch(i, passes, bound)

        found = minimise(
            one.train if features is None else one.train.of_features(*features),
            [configs[i].objective for i in numbers],
            rows=one.rows,
            weights=[data[i].weights.train for i in numbers],
            tolerance=tolerance,
            max_passes=MOST_PASSES[solver],
            threads=threads,
            engine=engine,
            watch=tell,
            stop=stop,
        )
        if features is not None:
            found = [_among(optimum, one.train.n_features, features[0]) for optimum in found]
        minima |= dict(zip(numbers, found, strict=True))
    return minima


def _among(found: Optimum, n_features: int, begin: int) -> Optimum:
    """Return what was found on some features as it is on all of them."""
    direction = found.direction
    return replace(
        found,
        parameters=found.parameters.among(n_features, begin),
        direction=None if direction is None else direction.among(n_features, begin),
    )
